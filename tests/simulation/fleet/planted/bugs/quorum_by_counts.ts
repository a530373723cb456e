import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "Who opens a wave believes the numbers of nodes that anybody can make.",
  changes: [{
    file: "actors/upgrade_coordinator/machine/next.ts",
    find: "(opening !== null || isMiscounted(reading.census))",
    replace: "isMiscounted(reading.census)",
  }],
  checks: ["I3 quorum"],
  kinds: ["strange_markers", "slow_download", "build_away"],
};
