import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A machine that comes up while ZooKeeper is away starts nothing.",
  changes: [
    {
      file: "actors/upgrade_coordinator/start_alone.ts",
      find: "  if (state.status === null || state.status.wanted !== null) return state;\n",
      replace: "  if (state !== null) return state;\n",
    },
  ],
  checks: ["I9 starts"],
  kinds: ["power_cut", "power_cut_rack", "power_cut_all", "outage", "partition"],
};
