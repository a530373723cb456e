import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "The new version is started after a power cut without being locked.",
  changes: [
    {
      file: "actors/upgrade_coordinator/take_step.ts",
      find: '    case "starting":\n      await lockReleases(change, tools);\n',
      replace: '    case "starting":\n',
    },
  ],
  checks: ["I10 locked"],
  kinds: ["power_cut", "power_cut_rack", "power_cut_all", "keeper_death"],
};
