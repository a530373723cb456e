/** Tests of what a rollback takes back, in which order, and who does it. */

import assert from "node:assert/strict";
import { hasBegun, isRollBackDue, planRollBack, type Rollout } from "../../../rollout/mod.ts";
import { failedSlot, view } from "./views.ts";

function wave(service: string, finishedMs: number | null = null): Rollout["waves"][number] {
  return { service, from: "1", version: "2", hosts: null, finishedMs };
}

function before(service: string) {
  return { service, version: "1", infoHash: null, sizeBytes: 0, torrentUrl: null };
}

Deno.test("planRollBack: what depends on others goes back first, and each service once", () => {
  const waves = [wave("db"), wave("api"), wave("db"), wave("web")];
  const releases = { db: before("db"), api: before("api"), web: before("web") };
  const steps = planRollBack({ waves, before: releases }, () => true);
  assert.deepEqual(steps.map(({ service }) => service), ["web", "api", "db"]);
  assert.deepEqual(steps[0], { service: "web", version: "2", before: before("web") });
});

Deno.test("planRollBack: neither what has not begun, nor what had no version before", () => {
  const waves = [wave("db"), wave("api"), wave("web")];
  const steps = planRollBack(
    { waves, before: { db: before("db"), web: before("web") } },
    (service) => service !== "web",
  );
  assert.deepEqual(steps.map(({ service }) => service), ["db"]);
  assert.deepEqual(planRollBack({ waves }, () => true), []);
});

Deno.test("hasBegun: once somebody runs it, switches or has failed to, or a wave is finished", () => {
  const begun = (
    change: Parameters<typeof view>[0],
    waves = [wave("A")],
  ) => hasBegun({ version: "2" }, { record: { waves }, service: "A", view: view(change) });
  assert.equal(begun({}), false);
  assert.equal(begun({}, [wave("A", 1)]), true);
  assert.equal(begun({}, [wave("A"), wave("B", 1)]), false);
  assert.equal(begun({ current: { "web-1": { version: "2" } } }), true);
  assert.equal(begun({ slots: [failedSlot("web-2")] }), true);
  // Who could not even get it has begun nothing.
  assert.equal(begun({ slots: [failedSlot("web-2", { cause: "preparation" })] }), false);
});

Deno.test("isRollBackDue: a halt whose plan says so, at once by who has halted, later by anybody", () => {
  const control = {
    schema: 1,
    state: "halted",
    by: "web-1",
    reason: "failed",
    sinceMs: 0,
    onFailure: "rollback",
  } as const;
  const due = (change: object, who: object = {}) =>
    isRollBackDue({ ...view({}), control: { ...control, ...change } }, {
      host: "web-1",
      hasHaltStood: false,
      ...who,
    });
  assert.equal(due({}), true);
  assert.equal(due({}, { host: "web-2" }), false);
  assert.equal(due({}, { host: "web-2", hasHaltStood: true }), true);
  assert.equal(due({ state: "running" }), false);
  assert.equal(due({ state: "paused" }), false);
  assert.equal(due({ onFailure: "halt" }), false);
  assert.equal(due({ onFailure: undefined }, { hasHaltStood: true }), false);
});
