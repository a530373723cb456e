import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "What has to serve at any time is not looked at.",
  changes: [{
    file: "rollout/policy.ts",
    find: "function spareHosts({ minOnline = 0 }: Policy, hostsCount: number): number {\n",
    replace:
      "function spareHosts(_: Policy, hostsCount: number): number {\n  const minOnline = 0;\n",
  }],
  checks: ["I1 budget"],
};
