import type { PlantedBug } from "../planted_bug.ts";

const find = '    { op: "check", path: CONTROL, version: census.controlVersion },\n';

export const bug: PlantedBug = {
  what: "Admissions and fences do not depend on the version of the control node that was read.",
  changes: [
    { file: "rollout/transactions/take_slot.ts", find, replace: "" },
    { file: "rollout/transactions/pass_fence.ts", find, replace: "" },
  ],
  checks: ["I6 admission", "I6 fence"],
  // Hosts that hear late of a pause are those that only the transaction can keep from going on.
  kinds: ["pause", "resume", "slow_network", "lag", "late_transactions"],
};
