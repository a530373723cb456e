import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "Admissions and fences do not depend on the version of the counter that was read.",
  changes: [{
    file: "rollout/transactions/counter.ts",
    find: "    version: slotsVersion,\n",
    replace: "",
  }],
  checks: ["I1 concurrency", "I1 budget"],
  kinds: ["unwell_all", "unwell"],
};
