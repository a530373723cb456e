import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "What happens to a version after its bake time is no failure of the rollout.",
  changes: [{
    file: "actors/upgrade_coordinator/machine/next.ts",
    find: "if (trouble === null || !isWatched(",
    replace: "if (trouble === null || trouble !== null || !isWatched(",
  }],
  checks: ["I2 watch"],
  kinds: ["late_crash"],
};
