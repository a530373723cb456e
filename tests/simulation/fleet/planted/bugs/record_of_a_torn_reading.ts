import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A host forgets that it was left out if its wave ends while it reads.",
  changes: [{
    file: "rollout/transactions/give_slot_back.ts",
    find: "...(isHeld(standing)\n",
    replace: '...(isHeld(standing) || standing.step === "failed"\n',
  }],
  checks: ["I2 skip"],
  kinds: ["skip"],
};
