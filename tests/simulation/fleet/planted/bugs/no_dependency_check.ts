import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "Whether a service that this one depends on is below its budget is not looked at.",
  changes: [{
    file: "rollout/dependencies.ts",
    find: "    if (downCount <= budgetCount) continue;\n",
    replace: "    if (downCount <= budgetCount + 1_000) continue;\n",
  }],
  checks: ["I1 dependency"],
  kinds: ["unwell_all"],
};
