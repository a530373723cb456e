import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what:
    "A host that does not serve is excused from maxConcurrent, at its admission and at the fence.",
  changes: [
    {
      file: "rollout/admission.ts",
      find: "    : own.version === null\n    ? null\n    : concurrency;",
      replace: "    : null;",
    },
    {
      file: "rollout/admission.ts",
      find: "    : own.version === null\n    ? null\n    : checkConcurrency(census, host);",
      replace: "    : null;",
    },
  ],
  checks: ["I1 concurrency"],
  kinds: ["unwell_all", "unwell", "service_crash"],
};
