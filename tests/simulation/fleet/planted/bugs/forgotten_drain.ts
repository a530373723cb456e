import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what:
    "A host that was forgotten while it was drained counts when it comes back, and gets no work.",
  changes: [{
    file: "rollout/membership.ts",
    find: "const mayCount = isPutBack || countsAtOnce;",
    replace: "const mayCount = isPutBack || countsAtOnce || isFirstService(undrained, entry);",
  }, {
    file: "actors/upgrade_coordinator/machine/drain.ts",
    find: "isPutBackFirst && isNewcomer(roster)",
    replace: "isPutBackFirst && isNewcomer(roster) && isLeftOut",
  }],
  checks: ["I7 drained", "I1 newcomers"],
  kinds: ["forget_drained"],
};
