import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A wave is finished however many of its hosts are offline.",
  changes: [
    {
      file: "rollout/finish.ts",
      find: '  if (leftCount > budgetHosts(policy, census.rosterCount)) return "going_on";\n',
      replace: "",
    },
  ],
  checks: ["I2 finish"],
  kinds: ["session_expiry_all", "partition_rack", "power_cut_rack"],
};
