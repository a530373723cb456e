import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what:
    "A switch that a crash has interrupted goes on at the step of the journal, whatever the tree says.",
  changes: [
    {
      file: "actors/upgrade_coordinator/machine/resume.ts",
      find:
        "  const { from, to, step, hasSlot } = change;\n  if (running !== null && running !== from",
      replace:
        '  const { from, to, step, hasSlot } = change;\n  if (change !== null) return { kind: "go_on", change: resume(change, running) };\n  if (running !== null && running !== from',
    },
  ],
  checks: ["I5 slot", "I5 stands", "I6 fence", "I8 withdrawn", "I8 popular"],
  kinds: [
    "agent_crash",
    "agent_kill",
    "power_cut",
    "abort",
    "pause",
    "forget_returning",
    "supersede",
  ],
};
