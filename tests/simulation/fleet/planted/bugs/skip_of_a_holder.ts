import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A host may be left out while it switches.",
  changes: [{
    file: "rollout/host_word.ts",
    find: "  if (standing !== undefined && isHeld(standing)) {\n    return refused(",
    replace: '  if (standing?.host === "nobody") {\n    return refused(',
  }],
  checks: ["I5 owner", "I5 stands"],
  kinds: ["skip", "late_transactions"],
};
