import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A host that serves for the first time stays a newcomer, who is never away.",
  changes: [{
    file: "rollout/membership.ts",
    find: '  return isNewcomer(roster) && !isDrained(roster) && state === "serving";\n',
    replace:
      '  return isNewcomer(roster) && !isDrained(roster) && state !== "serving" && state !== "down";\n',
  }],
  checks: ["I1 newcomers"],
};
