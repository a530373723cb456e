import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A host in the staging queue counts twice for the quorum.",
  changes: [
    {
      file: "rollout/reading/census_reading.ts",
      find: "    readyCount: ready.childCount + awaySkipped.length,",
      replace: "    readyCount: ready.childCount + childCountAt(tree, stagingPath(service)),",
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
