import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A machine with a copy of the data folder counts as the host itself.",
  changes: [
    {
      file: "rollout/agent_identity.ts",
      find:
        "  return entry.machine.id === own.machine.id && entry.machine.boot === own.machine.boot;",
      replace: "  return true;",
    },
  ],
  checks: ["I5 slot", "I5 stands", "I1 down", "I1 counts"],
  kinds: ["clone"],
};
