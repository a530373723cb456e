import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "Who ends a wave believes the numbers of nodes that anybody can make.",
  changes: [{
    file: "actors/upgrade_coordinator/machine/next.ts",
    find: 'finish === "finished" && reading.view !== null',
    replace: 'finish === "finished"',
  }],
  checks: ["I2 finish"],
  kinds: ["strange_markers", "slow_download", "pause", "partition"],
};
