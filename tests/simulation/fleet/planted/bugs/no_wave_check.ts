import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "An admission does not depend on the wave as it was read.",
  changes: [
    {
      file: "rollout/transactions/take_slot.ts",
      find:
        '    ...(wave === null\n      ? []\n      : [{ op: "check", path: wavePath(wave.node), version: wave.znodeVersion } as const]),\n',
      replace: "",
    },
  ],
  checks: ["I2 order"],
  kinds: ["bad_entry", "late_transactions"],
};
