import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A host that runs a withdrawn version goes back to the committed one by itself.",
  changes: [
    {
      file: "rollout/goal.ts",
      find: 'const isStaying = running !== null && left.includes(running.version ?? "");',
      replace: "const isStaying = false;",
    },
  ],
  checks: ["I9 stays"],
  kinds: ["abort", "supersede", "session_expiry"],
};
