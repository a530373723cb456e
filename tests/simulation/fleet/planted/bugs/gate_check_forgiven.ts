import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A check of a gate that fails once does not have to hold from the beginning again.",
  changes: [{
    file: "actors/upgrade_coordinator/gate.ts",
    find: "    gate.heldAtMs = null;\n",
    replace: "",
  }],
  checks: ["I2 gate"],
};
