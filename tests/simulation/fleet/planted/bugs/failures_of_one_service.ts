import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "Of the failures that a plan allows on all services only those of the own service count.",
  changes: [{
    file: "rollout/failure.ts",
    find: "const failedCount = failed.size + (elsewhere?.length ?? 0);",
    replace: "const failedCount = failed.size;",
  }],
  checks: ["I7 failures"],
  kinds: ["bad_version", "late_crash"],
};
