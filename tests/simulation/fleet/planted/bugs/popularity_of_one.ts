import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A host that comes back takes the version that most of those run that are online.",
  changes: [
    {
      file: "rollout/rejoin.ts",
      find: "    (isCommitted || (isRunning && 2 * mostVotes > roster.length));",
      replace: "    mostVotes > 0;",
    },
    {
      file: "rollout/rejoin.ts",
      find: "  return 2 * servingCount > rosterCount;",
      replace: "  return servingCount > 0 && rosterCount > 0;",
    },
  ],
  checks: ["I8 popular"],
  kinds: [
    "power_cut_all",
    "power_cut",
    "power_cut_rack",
    "host_death",
    "partition_rack",
    "old_version_breaks",
  ],
};
