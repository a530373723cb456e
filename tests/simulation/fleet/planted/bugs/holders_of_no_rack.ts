import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "Who holds a slot and still serves does not count as away in its rack.",
  changes: [{
    file: "rollout/budget.ts",
    find: "  return area === undefined || roster === null || isInArea(roster, area);\n",
    replace: "  return area === undefined || roster === null;\n",
  }],
  checks: ["I1 budget", "I1 down"],
};
