import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "In a parallel rollout a service does not wait for what it depends on.",
  changes: [{
    file: "rollout/plan_order.ts",
    find: "    after: services.filter((other) => isRelated(wave.service, other)),\n",
    replace:
      "    after: services.filter((other) => isRelated(wave.service, other) && other === wave.service),\n",
  }],
  checks: ["I2 order"],
};
