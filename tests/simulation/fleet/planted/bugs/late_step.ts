import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "The step in which a host drains is written beside the fence, which writes the next one.",
  changes: [
    {
      file: "actors/upgrade_coordinator/run_switch.ts",
      find: 'change.hasSlot && change.step !== "draining" && change.step !== "reporting"',
      replace: 'change.hasSlot && change.step !== "reporting"',
    },
  ],
  checks: ["I6 step"],
  kinds: ["slow_writes", "late_transactions", "power_cut"],
};
