import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "Who may not go on with a switch gives its slot back, though its service may be ending.",
  changes: [
    {
      file: "actors/upgrade_coordinator/machine/at_fence.ts",
      find: "const isBound = isOwn && change.wasStopped === true;",
      replace: "const isBound = isOwn && false;",
    },
  ],
  checks: ["I5 stands"],
  kinds: ["death_in_stop"],
};
