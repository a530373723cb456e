import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A host that an operator has drained is counted on again as soon as it registers.",
  changes: [{
    file: "rollout/membership.ts",
    find:
      "  return countsAsServing(entry ?? undefined) && !isNewcomer(roster) && !isDrained(roster);\n",
    replace: "  return countsAsServing(entry ?? undefined) && !isNewcomer(roster);\n",
  }],
  checks: ["I1 counts", "I1 drain", "I1 budget"],
  kinds: ["drain", "agent_crash", "connection_loss", "session_expiry"],
};
