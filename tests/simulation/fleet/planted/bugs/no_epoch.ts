import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "Writes of a host do not depend on the epoch of its registration.",
  changes: [
    {
      file: "rollout/transactions/host_entry.ts",
      find: "path: servicePath(service, host), version: epoch };",
      replace: "path: servicePath(service, host), version: -1 };",
    },
  ],
  checks: ["I1 counts", "I5 stands", "I5 owner", "I1 budget"],
  kinds: ["request_of_the_dead", "late_request", "session_expiry", "agent_kill"],
};
