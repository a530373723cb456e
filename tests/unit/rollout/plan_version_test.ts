/** Tests of the fingerprint by which a plan is started as it was shown. */

import assert from "node:assert/strict";
import {
  type PlanBasis,
  planVersion,
  resolvePolicy,
  SCHEMA_VERSION,
} from "../../../rollout/mod.ts";
import { service } from "./views.ts";

const BASIS: PlanBasis = {
  control: {
    schema: SCHEMA_VERSION,
    state: "running",
    by: "ann@admin",
    reason: null,
    sinceMs: 1,
    rollout: "r1",
  },
  queue: [],
  services: new Map([["A", { entry: service(), roster: ["web-1", "web-2"] }]]),
  planned: new Map([["A", { version: "2", dependsOn: [], policy: resolvePolicy({}) }]]),
  waves: [{ service: "A", version: "2", hosts: null }],
  releases: new Map(),
};

Deno.test("planVersion: the same for what is the same, in whatever order it was read", () => {
  assert.match(planVersion(BASIS), /^[0-9a-f]{12}$/);
  const [[name, { roster, ...rest }] = ["", { roster: [], entry: null }]] = [...BASIS.services];
  const reordered = new Map([[name, { ...rest, roster: roster.toReversed() }]]);
  const control = Object.fromEntries(Object.entries(BASIS.control ?? {}).toReversed());
  assert.equal(
    planVersion({ ...BASIS, services: reordered, control: control as PlanBasis["control"] }),
    planVersion(BASIS),
  );
  // Services that the plan does not name have nothing to do with it.
  const more = new Map([...BASIS.services, ["B", { entry: null, roster: ["web-9"] }]]);
  assert.equal(planVersion({ ...BASIS, services: more }), planVersion(BASIS));
});

Deno.test("planVersion: another one for each change of what it rests on", () => {
  const changes: Partial<PlanBasis>[] = [
    { control: null },
    { queue: ["A-0000000001"] },
    { services: new Map([["A", { entry: service(), roster: ["web-1"] }]]) },
    { services: new Map([["A", { entry: null, roster: ["web-1", "web-2"] }]]) },
    { waves: [{ service: "A", version: "2", hosts: ["web-1"] }] },
    { onFailure: "rollback" },
    { maxFailures: 0 },
    { maxFailures: 1 },
    {
      planned: new Map([["A", {
        version: "2",
        dependsOn: [],
        policy: resolvePolicy({ maxUnavailable: 2 }),
      }]]),
    },
    {
      releases: new Map([["A", {
        service: "A",
        version: "2",
        infoHash: "a".repeat(40),
        sizeBytes: 1,
        torrentUrl: null,
      }]]),
    },
  ];
  const versions = changes.map((change) => planVersion({ ...BASIS, ...change }));
  assert.equal(new Set([planVersion(BASIS), ...versions]).size, changes.length + 1);
});
