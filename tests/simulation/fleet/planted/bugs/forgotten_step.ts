import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "The journal does not say that the service is being stopped.",
  changes: [
    {
      file: "actors/upgrade_coordinator/run_switch.ts",
      find: "      else journal.write(toJournal(change));",
      replace: '      else if (change.step !== "stopping") journal.write(toJournal(change));',
    },
  ],
  checks: ["I5 stands", "I5 slot", "I7 end", "I8 withdrawn"],
  kinds: ["agent_crash", "pause", "abort"],
};
