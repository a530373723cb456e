import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A retry takes the slot of a host away that is switching.",
  changes: [{
    file: "rollout/host_word.ts",
    find: "  if (isHeld(slot)) {\n    const why",
    replace: '  if (slot.host === "nobody") {\n    const why',
  }],
  checks: ["I5 owner", "I5 stands"],
  kinds: ["retry"],
};
