import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what:
    "A host that cannot start what it should run does not go along with the wave that would bring it up.",
  changes: [
    {
      file: "rollout/goal.ts",
      find: "    (rejoin.version === input.unstarted || ",
      replace: "    (false || ",
    },
  ],
  checks: ["I7 end"],
  kinds: ["old_version_breaks"],
};
