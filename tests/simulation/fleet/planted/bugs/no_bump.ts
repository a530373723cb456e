import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "Who begins or stops to serve does not move the counter on.",
  changes: [{
    file: "rollout/transactions/host_entry.ts",
    find: "(isCounted ? [bumpCounter(service)] : [])",
    replace: "[]",
  }],
  checks: ["I1 budget"],
  kinds: ["slow_writes", "unwell", "service_crash"],
};
