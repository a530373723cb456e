import assert from "node:assert/strict";
import {
  type Control,
  controlAfterAbort,
  type ControlDecision,
  describeState,
  describeStops,
  haltControl,
  isSaid,
  pauseControl,
  resumeControl,
} from "../../../rollout/mod.ts";

const RUNNING: Control = {
  schema: 1,
  state: "running",
  by: "x",
  reason: null,
  sinceMs: 0,
  rollout: "r",
};
const HALT = { by: "web-3", reason: "v2 failed", sinceMs: 1 } as const;
const PAUSE = { by: "bob", reason: "lunch", sinceMs: 2 } as const;
const WORD = { by: "ann", reason: null, sinceMs: 3 } as const;

function entryOf(decision: ControlDecision): Control {
  assert.equal(decision.kind, "change");
  return decision.kind === "change" ? decision.entry : RUNNING;
}

Deno.test("control: pause and halt stand side by side, whichever comes first, and keep the rollout's id", () => {
  const halted = haltControl(RUNNING, HALT);
  const both = entryOf(pauseControl(halted, PAUSE));
  assert.equal(describeStops(both), "halted by web-3: v2 failed, and paused by bob: lunch");
  assert.deepEqual(haltControl(entryOf(pauseControl(RUNNING, PAUSE)), HALT), both);
  assert.deepEqual([describeState(both), both.rollout], ["halted and paused", "r"]);
  assert.equal(describeStops(controlAfterAbort(both, WORD)), "paused by bob: lunch");
  assert.equal(describeStops(controlAfterAbort(halted, WORD)), "running");
  const resumed = entryOf(resumeControl(both, WORD));
  assert.deepEqual([resumed.state, resumed.by, resumed.reason, resumed.paused], [
    "running",
    "ann",
    null,
    undefined,
  ]);
});

Deno.test("control: a second pause and a resume of nothing change nothing", () => {
  for (const control of [RUNNING, haltControl(RUNNING, HALT)]) {
    const paused = entryOf(pauseControl(control, PAUSE));
    const again = pauseControl(paused, WORD);
    assert.equal(again.kind === "nothing" && again.why, "it is already paused by bob: lunch");
  }
  assert.equal(resumeControl(RUNNING, WORD).kind, "nothing");
});

Deno.test("control: an entry that cannot be read is written anew", () => {
  assert.equal(entryOf(resumeControl(null, WORD)).state, "running");
  assert.equal(entryOf(pauseControl(null, PAUSE)).state, "paused");
});

Deno.test("control: a program of an earlier version leaves the pause of a halt behind, which means nothing then", () => {
  const both = entryOf(pauseControl(haltControl(RUNNING, HALT), PAUSE));
  assert.equal(describeStops({ ...both, state: "running" }), "running");
  const paused = { ...both, state: "paused", by: "old", reason: null } as const;
  assert.equal(describeStops(paused), "paused by old");
});

Deno.test("control: whether a word is said, after its reply was lost", () => {
  const paused = entryOf(pauseControl(RUNNING, PAUSE));
  assert.ok(isSaid(paused, PAUSE) && isSaid(haltControl(paused, HALT), PAUSE));
  assert.ok(!isSaid(paused, WORD) && !isSaid(haltControl(RUNNING, HALT), HALT));
  assert.ok(isSaid(entryOf(resumeControl(paused, WORD)), WORD));
});
