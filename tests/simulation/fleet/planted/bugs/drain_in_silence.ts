import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "Who drains a host neither looks at the admission counter nor moves it on.",
  changes: [{
    file: "rollout/transactions/drain_host.ts",
    find: "    changeCounter(service, { slotsVersion }),\n    writeDrained",
    replace:
      "    ...(slotsVersion < -1 ? [changeCounter(service, { slotsVersion })] : []),\n    writeDrained",
  }],
  checks: ["I1 drain", "I1 budget", "I1 down"],
  kinds: ["drain", "late_transactions", "slow_writes", "agent_crash", "power_cut"],
};
