import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "Whoever is next is admitted in a freeze window as well.",
  changes: [{
    file: "rollout/admission.ts",
    find: "  if (frozen !== null) return frozen;\n",
    replace: "",
  }],
  checks: ["I2 freeze"],
  kinds: [],
};
