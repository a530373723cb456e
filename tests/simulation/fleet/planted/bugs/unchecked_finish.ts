import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "The end of a wave does not depend on the control node and the counter as they were read.",
  changes: [
    {
      file: "rollout/transactions/finish_wave.ts",
      find:
        '    { op: "check", path: CONTROL, version: controlVersion },\n    { op: "check", path: slotsPath(service), version: slotsVersion },\n',
      replace: "",
    },
  ],
  checks: ["I2 finish", "I7 halted", "I2 watch"],
  kinds: ["late_transactions", "slow_writes", "late_crash", "service_crash"],
};
