/** Tests of whether a failed switch halts the rollout. */

import assert from "node:assert/strict";
import { decideFailure, type ServiceView, toCensus } from "../../../rollout/mod.ts";
import { failedSlot, HASHES, slot, view, wave } from "./views.ts";

const WEB_1 = { host: "web-1", service: "A", version: "2", wave: "A-0000000000" };

function decide(view: ServiceView, failure: Parameters<typeof decideFailure>[1]) {
  return decideFailure(toCensus(view, failure.host), failure);
}

Deno.test("decideFailure: halts when more hosts failed than the policy allows, and names them", () => {
  assert.deepEqual(decide(view({ slots: [slot("web-1")] }), WEB_1), {
    halt: true,
    reason: "A 2 failed on web-1: the policy allows 0",
  });
  const policy = { maxFailures: 1 };
  assert.deepEqual(decide(view({ policy, slots: [slot("web-1")] }), WEB_1), { halt: false });
  assert.deepEqual(
    decide(view({ policy, slots: [failedSlot("web-2"), slot("web-1")] }), WEB_1),
    {
      halt: true,
      reason: "A 2 failed on web-1, web-2: the policy allows 1",
    },
  );
});

Deno.test("decideFailure: failures of other versions, and the host's own earlier one, do not add up", () => {
  const policy = { maxFailures: 1 };
  const slots = [failedSlot("web-1"), failedSlot("web-2", { to: "1.9" })];
  assert.deepEqual(decide(view({ policy, slots }), WEB_1), { halt: false });
});

Deno.test("decideFailure: failures of other content under the same version do not add up", () => {
  const policy = { maxFailures: 1 };
  const [infoHash, other] = HASHES;
  const failedElsewhere = (content: string) =>
    decide(view({ policy, slots: [failedSlot("web-2", { infoHash: content })] }), {
      ...WEB_1,
      infoHash,
    }).halt;
  assert.deepEqual([failedElsewhere(infoHash), failedElsewhere(other)], [true, false]);
});

Deno.test("decideFailure: halts when more hosts failed in the wave than it allows, whatever the policy does", () => {
  const policy = { maxFailures: 5 };
  const first = (maxFailures: number, earlier: string) =>
    decide(
      view({
        policy,
        wave: wave({ hosts: null, maxFailures }),
        slots: [failedSlot("web-2", { wave: earlier }), slot("web-1")],
      }),
      WEB_1,
    );
  const reason = "A 2 failed on web-1, web-2: its wave allows 1";
  assert.deepEqual(first(1, "A-0000000000"), { halt: true, reason });
  assert.deepEqual(first(2, "A-0000000000"), { halt: false });
  // That host failed in a wave before it.
  assert.deepEqual(first(1, "A-0000000009"), { halt: false });
});

Deno.test("decideFailure: who catches up counts for no wave", () => {
  const policy = { maxFailures: 5 };
  const strict = wave({ hosts: null, maxFailures: 0 });
  assert.deepEqual(decide(view({ policy, wave: strict }), { ...WEB_1, wave: null }), {
    halt: false,
  });
});

Deno.test("decideFailure: halts a wave that nobody is left to run", () => {
  // Regression: a canary of one host failed, within what the policy allows, and the rollout waited for ever.
  const policy = { maxFailures: 5 };
  const canary = wave({ hosts: ["web-1", "web-2"] });
  const reason = "A 2 failed on web-1: no other host of the wave is online";
  assert.deepEqual(
    decide(view({ policy, wave: canary, current: { "web-2": null } }), WEB_1),
    {
      halt: true,
      reason,
    },
  );
  assert.deepEqual(decide(view({ policy, wave: canary }), WEB_1), { halt: false });
});

Deno.test("decideFailure: a host that fails to catch up counts like any other", () => {
  // Regression: hosts that came back took a version one by one that failed on each of them, and nothing halted.
  const halt = { halt: true, reason: "A 2 failed on web-1: the policy allows 0" };
  const others = [null, wave({ service: "B" }), wave({ version: "3" })];
  for (const wave of others) assert.deepEqual(decide(view({ wave }), WEB_1), halt);
  const policy = { maxFailures: 1 };
  for (const wave of others) {
    assert.deepEqual(decide(view({ wave, policy }), WEB_1), { halt: false });
  }
  const slots = [failedSlot("web-2")];
  assert.deepEqual(decide(view({ wave: null, policy, slots }), WEB_1), {
    halt: true,
    reason: "A 2 failed on web-1, web-2: the policy allows 1",
  });
});

Deno.test("decideFailure: who cannot get the release ready counts in a wave, and halts nobody outside of any", () => {
  const unprepared = { ...WEB_1, cause: "preparation" } as const;
  const halt = { halt: true, reason: "A 2 failed on web-1: the policy allows 0" };
  assert.deepEqual(decide(view(), unprepared), halt);
  assert.deepEqual(decide(view({ wave: null }), { ...unprepared, wave: null }), { halt: false });
  const policy = { maxFailures: 1 };
  const slots = [failedSlot("web-2", { cause: "preparation" })];
  assert.deepEqual(decide(view({ policy, slots }), WEB_1), {
    halt: true,
    reason: "A 2 failed on web-1, web-2: the policy allows 1",
  });
});

Deno.test("decideFailure: what was aborted or rolled back meanwhile halts nothing any more", () => {
  // The last hosts that were switching to it fail while the rollback is under way.
  assert.deepEqual(decide(view(), { ...WEB_1, isWithdrawn: true }), { halt: false });
});

Deno.test("decideFailure: halts when more hosts failed on all services than the plan allows, and names them", () => {
  const running = { schema: 1, state: "running", by: "ann", reason: null, sinceMs: 0 } as const;
  const fleet = (maxFailures?: number) =>
    view({
      policy: { maxFailures: 9 },
      control: { ...running, maxFailures },
      slots: [failedSlot("web-2"), slot("web-1")],
    });
  const elsewhere = [{ service: "B", host: "web-7" }];
  assert.deepEqual(decide(fleet(2), { ...WEB_1, elsewhere }), {
    halt: true,
    reason: "A 2 failed on web-1, web-2, and before that B on web-7: the plan allows 2",
  });
  assert.deepEqual(decide(fleet(3), { ...WEB_1, elsewhere }), { halt: false });
  assert.deepEqual(decide(fleet(1), { ...WEB_1, elsewhere: [] }), {
    halt: true,
    reason: "A 2 failed on web-1, web-2: the plan allows 1",
  });
  // It is of no rollout whose plan says anything.
  assert.deepEqual(decide(fleet(0), WEB_1), { halt: false });
  assert.deepEqual(decide(fleet(), { ...WEB_1, elsewhere }), { halt: false });
});
