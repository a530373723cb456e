import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A stopped service's release whose files have changed is not verified again and repaired.",
  changes: [
    {
      file: "actors/fetcher/prepare_release.ts",
      find: "  if (!isRunning) return true;\n",
      replace: "",
    },
  ],
  checks: ["I7 end"],
  kinds: ["file_change", "service_crash", "power_cut"],
};
