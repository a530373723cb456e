import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "Whoever is next is admitted although the gate before its wave is closed.",
  changes: [{
    file: "rollout/admission.ts",
    find: "    const gate = closedGate(wave);\n",
    replace: "    const gate = closedGate(null);\n",
  }],
  checks: ["I2 gate"],
};
