import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "Whoever runs the version of a restart counts as restarted.",
  changes: [{
    file: "rollout/release_identity.ts",
    find: " &&\n    !isOtherRun(one, other);",
    replace: ";",
  }],
  checks: ["I2 restart"],
  kinds: ["restart"],
};
