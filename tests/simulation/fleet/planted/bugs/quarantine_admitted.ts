import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A host in quarantine goes along with the rollout.",
  changes: [
    {
      file: "rollout/goal.ts",
      find: "if (waitingFor === null || !goesAlong) return decision;",
      replace: "if (waitingFor === null || goesAlong) return decision;",
    },
    {
      file: "rollout/admission.ts",
      find: "if (quarantine !== null) return wait(quarantine);",
      replace: 'if (quarantine === "") return wait(quarantine);',
    },
  ],
  checks: ["I1 quarantine"],
  kinds: ["flapping"],
};
