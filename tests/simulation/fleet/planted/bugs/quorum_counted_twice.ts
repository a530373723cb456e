import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A host that is ready counts twice for the quorum.",
  changes: [
    {
      file: "rollout/reading/wave_counts.ts",
      find: "    readyCount: ready.childCount + away.length + quarantined.length,",
      replace: "    readyCount: ready.childCount * 2,",
    },
    {
      file: "rollout/census.ts",
      find: "    readyCount: covered.filter(({ isReady }) => isReady).length,",
      replace:
        "    readyCount: covered.filter(({ isReady }) => isReady).length + view.staged.length,",
    },
  ],
  checks: ["I3 quorum"],
  kinds: ["slow_download", "disk_full", "power_cut", "build_away"],
};
