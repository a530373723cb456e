import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "The time counts as one without progress in which nobody may switch because of a freeze.",
  changes: [{
    file: "rollout/reading/progress_reading.ts",
    find: "frozenMs: ignoresFreeze ? 0 : freezeAt(policy.freeze, wallTimeMs)?.leftMs ?? 0,",
    replace: "frozenMs: ignoresFreeze ? 0 : freezeAt(undefined, wallTimeMs)?.leftMs ?? 0,",
  }],
  checks: ["I7 freeze"],
  kinds: [],
};
