/** Tests of what an operator is told of a plan. */

import assert from "node:assert/strict";
import { type CheckedPlanFile, notePolicies } from "../../../../cli/rollout/plan_file.ts";
import {
  DEFAULT_POLICY,
  type KnownService,
  type Policy,
  SCHEMA_VERSION,
  type Service,
} from "../../../../rollout/mod.ts";

const FREEZE = { freeze: [{ days: ["fri" as const], timeZone: "UTC" }] };

function known(policy: Policy, committed: boolean): Map<string, KnownService> {
  const release = {
    service: "web",
    version: "v1",
    infoHash: null,
    sizeBytes: 0,
    torrentUrl: null,
    trackers: [],
  };
  const entry: Service = {
    schema: SCHEMA_VERSION,
    dependsOn: [],
    policy,
    committed: committed ? release : null,
    withdrawn: [],
  };
  return new Map([["web", { entry, roster: ["web-1"] }]]);
}

function planned(policy: Policy): CheckedPlanFile["services"] {
  return new Map([["web", { version: "v2", dependsOn: [], policy }]]);
}

Deno.test("notePolicies: what a plan takes out of a policy, adds to it, or changes in it", () => {
  // A plan for v2 with a policy of its own ended the freeze windows of the service, and nobody was told.
  const before: Policy = { ...DEFAULT_POLICY, ...FREEZE };
  const after: Policy = { ...DEFAULT_POLICY, bakeMs: 1, watchMs: 0 };
  assert.deepEqual(notePolicies(planned(after), known(before, true)), [
    'service "web": its policy changes: bakeTime, no freeze any more, watch is new',
  ]);
  assert.deepEqual(notePolicies(planned(before), known(before, true)), []);
  assert.deepEqual(notePolicies(planned(after), known(before, false)), []);
});
