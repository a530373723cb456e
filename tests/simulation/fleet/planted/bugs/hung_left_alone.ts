import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A service that hangs is not started again.",
  changes: [{
    file: "actors/runner/runner.ts",
    find: "if (nowMs < state.hangDueMs) return state;",
    replace: "if (nowMs < state.hangDueMs + 1e9) return state;",
  }],
  checks: ["I7 end"],
  kinds: ["hang"],
};
