/** What a host does about an operator's word that it is drained, or to be put back. */

import assert from "node:assert/strict";
import {
  decideDrainStep,
  type DrainNow,
  drainNow,
  type DrainState,
  NOT_DRAINED,
  NOTHING_DONE,
  withRecord,
  withStep,
} from "../../../../../actors/upgrade_coordinator/machine/drain.ts";

const DRAINED = { by: "ann", reason: null, sinceMs: 5 };
const ENDED = { ...DRAINED, ended: { by: "bob", reason: null, sinceMs: 9 } };
const IN: DrainNow = NOTHING_DONE;
const OUT: DrainNow = { ...IN, isOut: true };

Deno.test("decideDrainStep: the hook is run once for a process, and again after it has failed", () => {
  const roster = { drained: DRAINED };
  assert.equal(decideDrainStep({}, IN), null);
  assert.deepEqual(decideDrainStep(roster, IN), { kind: "drain", word: { by: "ann", sinceMs: 5 } });
  assert.equal(decideDrainStep(roster, OUT), null);
  assert.equal(decideDrainStep(roster, { ...IN, heldBack: { by: "ann", sinceMs: 5 } }), null);
  // What an operator says since is tried at once.
  const again = { drained: { ...DRAINED, sinceMs: 6 } };
  const heldBack = { by: "ann", sinceMs: 5 };
  assert.equal(decideDrainStep(again, { ...IN, heldBack })?.kind, "drain");
  // A word that cannot be read is none.
  assert.equal(decideDrainStep(null, IN), null);
});

Deno.test("decideDrainStep: put back by its hook, also by an agent that has not drained it, and then in the tree", () => {
  const roster = { drained: ENDED };
  const undrain = { kind: "undrain", word: { by: "bob", sinceMs: 9 } };
  assert.deepEqual(decideDrainStep(roster, OUT), undrain);
  assert.deepEqual(decideDrainStep(roster, IN), undrain);
  assert.equal(decideDrainStep(roster, { ...OUT, heldBack: { by: "bob", sinceMs: 9 } }), null);
  // Regression: a host whose drain hook had failed was put back only when that was due again.
  assert.deepEqual(
    decideDrainStep(roster, { ...IN, heldBack: { by: "ann", sinceMs: 5 } }),
    undrain,
  );
  const done = { ...IN, putBackBy: { by: "bob", sinceMs: 9 } };
  assert.deepEqual(decideDrainStep(roster, done), { kind: "put_back" });
  // A later word than the one by which it was put back.
  assert.deepEqual(
    decideDrainStep(roster, { ...done, putBackBy: { by: "bob", sinceMs: 8 } }),
    undrain,
  );
});

Deno.test("decideDrainStep: a host that was taken off the roster, with the word, is put back", () => {
  assert.deepEqual(decideDrainStep({}, OUT), { kind: "undrain", word: null });
});

Deno.test("decideDrainStep: who joins the roster with a service that runs is put back before it counts", () => {
  // Regression: drained, and forgotten while its agent was away, a host counted as serving and got no work for ever.
  const now = (drain: Partial<DrainState>, known: { isServing?: boolean; hasUndrain?: boolean }) =>
    drainNow({ ...NOT_DRAINED, ...drain }, {
      pid: 7,
      isServing: true,
      hasUndrain: true,
      isHeldBack: drain.failed !== undefined,
      ...known,
    });
  const newcomer = { newcomer: true } as const;
  const undrain = { kind: "undrain", word: null };
  const failed = { word: null, count: 1, problem: "the undrain hook failed" };
  assert.deepEqual(decideDrainStep(newcomer, now({}, {})), undrain);
  assert.equal(decideDrainStep({}, now({}, {})), null, "who is found there is not");
  assert.equal(decideDrainStep(newcomer, now({}, { isServing: false })), null);
  assert.equal(decideDrainStep(newcomer, now({}, { hasUndrain: false })), null);
  // Once the hook has run, by itself or in a switch, it is only said again until it stands in the tree.
  assert.deepEqual(decideDrainStep(newcomer, now({ putBackBy: null }, {})), { kind: "put_back" });
  assert.equal(decideDrainStep({}, now({ putBackBy: null }, {})), null);
  assert.equal(decideDrainStep(newcomer, now({ failed }, {})), null);
  // Its hook has failed, and that is ignored: it counts meanwhile.
  const isLeftOut = { isLeftOut: true, putBackBy: null };
  assert.deepEqual(
    decideDrainStep(newcomer, now({ ...isLeftOut, failed }, {})),
    { kind: "put_back" },
  );
  assert.equal(decideDrainStep({}, now({ ...isLeftOut, failed }, {})), null);
  assert.deepEqual(decideDrainStep({}, now(isLeftOut, {})), undrain);
  const out = { out: { pid: 7 }, putBackBy: undefined };
  assert.deepEqual(decideDrainStep(newcomer, now(out, {})), undrain);
  assert.equal(decideDrainStep({ ...newcomer, drained: DRAINED }, now({}, {}))?.kind, "drain");
});

Deno.test("withRecord: who was left out by a switch and by the way back is put back once it is well", () => {
  // Regression: both had failed, the service came to itself after an abort, and got no work for ever.
  const nextOf = (
    record: Parameters<typeof withRecord>[1]["record"],
    served: { atRecord: boolean; now: boolean },
    roster = {},
  ) => {
    const drain = withRecord(NOT_DRAINED, { record, isServing: served.atRecord });
    const now = drainNow(drain, {
      pid: 7,
      isServing: served.now,
      hasUndrain: true,
      isHeldBack: false,
    });
    return decideDrainStep(roster, now)?.kind ?? null;
  };
  const left = { atRecord: false, now: true };
  assert.equal(nextOf({ cause: "switch" }, left), "undrain");
  assert.equal(nextOf({}, left), "undrain", "the record of an earlier version");
  assert.equal(nextOf({ cause: "switch" }, { atRecord: false, now: false }), null);
  assert.equal(nextOf({ cause: "switch" }, { atRecord: true, now: true }), null);
  assert.equal(nextOf({ cause: "preparation" }, left), null);
  assert.equal(nextOf(null, left), null);
  assert.equal(nextOf({ cause: "switch" }, left, { drained: DRAINED }), "drain");
});

Deno.test("withStep: who was put back is drained again by a switch, and put back at its end unless an operator has drained it", () => {
  // Regression, found by the simulation: a drained host was forgotten in the middle of a switch. It joined the roster anew, and
  // counted at once, since it had been put back when its service began.
  const putBack = { ...NOT_DRAINED, putBackBy: null };
  const draining = withStep(putBack, "draining", true);
  assert.equal(draining.putBackBy, undefined);
  assert.equal(withStep(draining, "baking", true).putBackBy, undefined);
  assert.equal(withStep(draining, "baking", false).putBackBy, null);
  assert.equal(withStep(draining, "checking", false), draining);
});
