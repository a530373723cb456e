import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A host that comes back takes the version that most of those run that are online.",
  changes: [
    {
      file: "rollout/rejoin.ts",
      find: "    (isCommitted || (isRunning && 2 * mostVotes > roster.length));",
      replace: "    mostVotes > 0;",
    },
  ],
  checks: ["I8 popular"],
  kinds: ["power_cut_all", "power_cut", "session_expiry_all"],
};
