import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "Who is done with the wave that is under way does not say that its service is unwell.",
  changes: [{
    file: "actors/upgrade_coordinator/decide.ts",
    find: "next.waitingFor ?? describeUnwell(state, now)",
    replace: "next.waitingFor ?? (next.isFirstWave ? null : describeUnwell(state, now))",
  }],
  checks: ["I7 speech"],
  kinds: ["hang", "pause"],
};
