import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A wave may stand still for ever.",
  changes: [{
    file: "rollout/progress.ts",
    find: "return nowMs - mark.sinceMs >= progressDeadlineMs + switchMs + seen.gateMs;",
    replace: "return nowMs - mark.sinceMs >= (progressDeadlineMs + switchMs + seen.gateMs) * 1e9;",
  }],
  checks: ["I7 silence"],
  kinds: ["canary_offline"],
};
