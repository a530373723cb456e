import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "What is started is not compared with its receipt before.",
  changes: [
    {
      file: "actors/runner/runner.ts",
      find: "    if (!found.intact) {",
      replace: "    if (found === null) {",
    },
    {
      file: "actors/upgrade_coordinator/take_step.ts",
      find: "  if (!found.intact) {",
      replace: "  if (found === null) {",
    },
  ],
  checks: ["I4 verified"],
  kinds: ["file_change", "service_crash", "power_cut"],
};
