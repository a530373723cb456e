import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A host that was left out goes along with its wave all the same.",
  changes: [{
    file: "rollout/goal.ts",
    find: ": decideWithoutSlot(input, isTriedOn(slot) ? null : slot);",
    replace: ": decideWithoutSlot(input, isTriedOn(slot) || isSkipped(slot) ? null : slot);",
  }, {
    file: "rollout/admission.ts",
    find: '  const isReplaced = slot !== undefined && isHeld(slot) && own.state !== "serving";\n',
    replace:
      '  const isReplaced = slot !== undefined && (slot.skipped !== undefined || isHeld(slot) && own.state !== "serving");\n',
  }],
  checks: ["I2 skip"],
  kinds: ["skip"],
};
