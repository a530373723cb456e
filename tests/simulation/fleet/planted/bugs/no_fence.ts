import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A service is stopped as soon as it has drained, without another look at the tree.",
  changes: [
    {
      file: "actors/upgrade_coordinator/run_switch.ts",
      find:
        '  if (phase.kind === "draining") {\n    state.phase = { ...phase, at: "fence" };\n    return readTree(state, deps);\n  }\n  const next',
      replace: "  const next",
    },
  ],
  checks: ["I5 slot", "I6 fence", "I9 alone", "I5 stands"],
  kinds: ["pause", "slow_network", "lag", "agent_pause"],
};
