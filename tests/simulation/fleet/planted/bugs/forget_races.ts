import type { PlantedBug } from "../planted_bug.ts";

export const bug: PlantedBug = {
  what: "A host is forgotten that has registered since an operator looked.",
  changes: [
    {
      file: "rollout/transactions/forget_host.ts",
      find: '    { op: "create", path, data: new Uint8Array(0) },\n    { op: "delete", path },\n',
      replace: "",
    },
    {
      file: "coordination/forget_host.ts",
      find: "  await zk.sync(ROOT);\n",
      replace: "",
    },
  ],
  checks: ["I7 roster", "I1 counts", "I5 stands"],
  kinds: ["forget_returning", "forget", "lag", "late_transactions", "power_cut"],
};
