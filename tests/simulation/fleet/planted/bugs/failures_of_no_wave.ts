import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "How many hosts of a wave may fail is not looked at, the policy alone is.",
  changes: [{
    file: "rollout/failure.ts",
    find: "if (failedInWave > allowedInWave) {",
    replace: "if (failedInWave > allowedInWave && census.rosterCount < 0) {",
  }],
  checks: ["I7 failures"],
  kinds: ["bad_version", "late_crash"],
};
