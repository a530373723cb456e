import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "Nobody rolls a halted rollout back whose plan says so.",
  changes: [{
    file: "rollout/roll_back.ts",
    find: "return control.by === host || hasHaltStood;",
    replace: 'return control.by === host && !hasHaltStood && host === "";',
  }],
  checks: ["I7 end"],
  kinds: ["late_crash", "bad_version"],
};
