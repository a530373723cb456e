import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A host does not wait for those before it in the staging queue.",
  changes: [
    {
      file: "rollout/admission.ts",
      find:
        "    if (isAwayBySwitching(census) && request.behind !== null) return wait(WAITS_FOR_TURN);\n",
      replace: "",
    },
  ],
  checks: ["I2 queue"],
  kinds: ["slow_network", "late_transactions", "pause"],
};
