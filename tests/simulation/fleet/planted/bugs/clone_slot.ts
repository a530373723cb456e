import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A slot belongs to a name: a machine uses and gives back that of its clone.",
  changes: [{
    file: "rollout/agent_identity.ts",
    find:
      "  return !isOther(slot.agent, own.agent) && !isOther(slot.machine?.id, own.machine?.id);\n",
    replace: "  return !isOther(slot.agent, own.agent);\n",
  }],
  checks: ["I5 owner", "I5 slot"],
  kinds: ["clone", "partition", "agent_crash", "hook_hang", "pause"],
};
