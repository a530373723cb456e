import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  // The epoch of a registration alone would keep two such machines apart.
  what:
    "A machine with a copy of the data folder counts as the host itself, and writes for it whoever has registered.",
  changes: [
    {
      file: "rollout/agent_identity.ts",
      find:
        "  return entry.machine.id === own.machine.id && entry.machine.boot === own.machine.boot;",
      replace: "  return true;",
    },
    {
      file: "rollout/transactions/host_entry.ts",
      find: "path: servicePath(service, host), version: epoch };",
      replace: "path: servicePath(service, host), version: -1 };",
    },
  ],
  checks: ["I5 slot", "I5 stands", "I1 down", "I1 counts"],
  kinds: ["clone"],
};
