import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "Whether one more host may be away is not asked when one is drained.",
  changes: [{
    file: "rollout/drain.ts",
    find: "  if (!isCountedOn(view.current.get(host), roster)) return change;\n",
    replace: "  if (!isCountedOn(view.current.get(host), roster) || !isForced) return change;\n",
  }],
  checks: ["I1 drain"],
  kinds: ["drain", "agent_crash", "power_cut", "unwell"],
};
