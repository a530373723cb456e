import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A slot ends with the session of its host.",
  changes: [{
    file: "rollout/transactions/take_slot.ts",
    find: "      data: encodeEntry(slot),\n",
    replace: '      data: encodeEntry(slot),\n      mode: "ephemeral",\n',
  }],
  checks: ["I5 stands"],
  kinds: ["agent_pause", "session_expiry"],
};
