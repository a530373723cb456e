import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A host that never gets the release ready waits for ever, and records nothing.",
  changes: [{
    file: "actors/upgrade_coordinator/machine/next.ts",
    find: "if (unprepared === null || !isSameRelease(unprepared, wanted)) return null;",
    replace: "if (unprepared === null || unprepared !== null) return null;",
  }],
  checks: ["I7 late"],
  kinds: ["obstacle"],
};
