import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A host that has to prepare its release again keeps its place in the staging queue.",
  changes: [
    {
      file: "actors/upgrade_coordinator/decide.ts",
      find: "      if (next.leavesQueue && state.place !== null) leaveQueue(state, tools);\n",
      replace: "",
    },
  ],
  checks: ["I7 ready"],
  kinds: ["lost_release"],
};
