import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "The limits for racks and sites are not looked at.",
  changes: [{
    file: "rollout/budget.ts",
    find: "    ...(areas ?? []).map((",
    replace: "    ...(areas ?? []).slice(2).map((",
  }],
  checks: ["I1 budget", "I1 down"],
};
