import assert from "node:assert/strict";
import fc from "fast-check";
import {
  afterFailure,
  beginStep,
  fromJournal,
  isOfNewRelease,
  newStart,
  newSwitch,
  resume,
  stepAfter,
  type Switch,
  toJournal,
  toRecord,
} from "../../../../../actors/upgrade_coordinator/machine/switch.ts";
import { SWITCH_STEPS } from "../../../../../host/mod.ts";
import { DEFAULT_POLICY } from "../../../../../rollout/mod.ts";
import { CHANGE } from "../changes.ts";

/** The longest time that a policy may have. */
const WEEK_MS = 7 * 24 * 3_600_000;

const version = fc.stringMatching(/^[a-z0-9]{1,8}$/);
/** As in an entry of an earlier version, without a blob, and with one. */
const infoHash = fc.constantFrom(undefined, null, "a".repeat(40));
/** As in an entry of an earlier version, by none, and by one. */
const restart = fc.constantFrom(undefined, null, "20240502-120000.000-abcd");
const switches: fc.Arbitrary<Switch> = fc.record({
  from: fc.option(version),
  fromHash: infoHash,
  to: version,
  infoHash,
  fromRestart: restart,
  restart,
  step: fc.constantFrom(...SWITCH_STEPS),
  sinceMs: fc.nat(),
  hasSlot: fc.boolean(),
  wave: fc.option(version),
  rollout: version,
  stepsMs: fc.dictionary(fc.constantFrom(...SWITCH_STEPS), fc.nat(), { noNullPrototype: true }),
  reason: fc.option(fc.string()),
  lines: fc.array(fc.string()),
  restarts: fc.nat(3),
  trial: fc.record({
    bakeMs: fc.nat(WEEK_MS),
    health: fc.record({
      deadlineMs: fc.integer({ min: 1, max: WEEK_MS }),
      intervalMs: fc.integer({ min: 1, max: WEEK_MS }),
      successes: fc.integer({ min: 1, max: 1_000 }),
    }, { noNullPrototype: true }),
  }, { noNullPrototype: true }),
}, { noNullPrototype: true });

Deno.test("fromJournal: reads back what toJournal wrote", () => {
  fc.assert(fc.property(switches, (change) => {
    assert.deepEqual(fromJournal(JSON.parse(JSON.stringify(toJournal(change)))), change);
  }));
});

Deno.test("fromJournal: that the service may have been told to end outlasts another end of the agent", () => {
  const change = { ...CHANGE, wasStopped: true };
  assert.equal(fromJournal(toJournal(change)).wasStopped, true);
  assert.equal(fromJournal(toJournal(CHANGE)).wasStopped, undefined);
});

Deno.test("fromJournal: an entry without a trial gets the default policy's", () => {
  const { context: _, ...entry } = toJournal(CHANGE);
  const { trial, restarts, hasSlot } = fromJournal(entry);
  assert.equal(trial.bakeMs, DEFAULT_POLICY.bakeMs);
  assert.deepEqual([restarts, hasSlot], [0, false]);
});

const BEGINNING = { policy: DEFAULT_POLICY, sinceMs: 5 };

Deno.test("stepAfter: from any first step, and on the way back, the switch ends", () => {
  const firsts = [
    newSwitch({ version: "v1" }, { version: "v2" }, { ...BEGINNING, wave: null }),
    newSwitch(null, { version: "v2" }, { ...BEGINNING, wave: null }),
    newStart({ version: "v1" }, { version: "v2" }, BEGINNING),
    afterFailure({ ...CHANGE, step: "checking" }, "unwell"),
  ];
  assert.deepEqual(firsts.map(({ step }) => step), [
    "draining",
    "pointing",
    "pointing",
    "rolling_back",
  ]);
  for (const { step: first } of firsts) {
    let steps = 0;
    for (let step: ReturnType<typeof stepAfter> = first; step !== null; step = stepAfter(step)) {
      assert.ok(++steps <= SWITCH_STEPS.length);
    }
  }
});

Deno.test("afterFailure: what has stopped nothing has no way back, and a way back that fails says both", () => {
  const early = afterFailure({ ...CHANGE, step: "draining" }, "its files have changed");
  assert.deepEqual([early.step, early.reason], ["reporting", "its files have changed"]);
  const back = afterFailure({ ...CHANGE, step: "checking" }, "unwell");
  const lost = afterFailure(back, "v1 is gone");
  assert.equal(lost.step, "reporting");
  assert.equal(lost.reason, "unwell; then the way back to v1 failed: v1 is gone");
});

Deno.test("resume: goes on at the step it had come to, as long as the new version runs", () => {
  for (const step of SWITCH_STEPS) {
    const change = { ...CHANGE, step };
    assert.equal(resume(change, "v2"), change);
  }
});

Deno.test("resume: a new version that is gone is started again, twice, then it is rolled back", () => {
  let change: Switch = { ...CHANGE, step: "baking" };
  for (const restarts of [1, 2]) {
    change = resume(change, null);
    assert.deepEqual([change.step, change.restarts], ["pointing", restarts]);
    // It comes as far as its start, and takes the machine down again.
    change = { ...change, step: "starting" };
  }
  change = resume(change, null);
  assert.equal(change.step, "rolling_back");
  assert.match(change.reason ?? "", /v2 was gone 3 times/);
});

Deno.test("resume: where nothing is meant to run yet, or any more, nothing is started", () => {
  for (const step of ["stopping", "pointing", "rolling_back"] as const) {
    const change = { ...CHANGE, step };
    assert.equal(resume(change, null), change);
  }
  const failed = { ...CHANGE, step: "reporting", reason: "unwell" } as const;
  assert.equal(resume(failed, null), failed);
});

Deno.test("isOfNewRelease: the log says why a switch has failed once the new release was started, and not of a hook", () => {
  // Regression: under a drain that had failed, the history showed what the old release had written.
  const steps = ["draining", "stopping", "pointing", "starting", "checking", "baking"] as const;
  const told = steps.filter((step) => isOfNewRelease(step, false));
  assert.deepEqual(told, ["starting", "checking", "baking"]);
  assert.equal(isOfNewRelease("starting", true), false);
});

Deno.test("afterFailure: a hook is no failure of the version, until the way back fails as well", () => {
  const back = afterFailure({ ...CHANGE, step: "starting" }, "the preStart hook failed", true);
  assert.deepEqual([back.step, back.isHookFailure], ["rolling_back", true]);
  assert.equal(fromJournal(toJournal(back)).isHookFailure, true);
  const lost = afterFailure(back, "v1 is gone");
  assert.deepEqual([lost.step, lost.isHookFailure], ["reporting", undefined]);
});

Deno.test("toRecord: how long each step took, up to the report, and no time where the clock was set back", () => {
  const begun = [
    ["draining", 1_000],
    ["stopping", 3_000],
    ["pointing", 2_500],
    ["starting", 2_600],
    // The agent was restarted, and goes on with the step.
    ["starting", 4_000],
    ["reporting", 5_000],
  ] as const;
  const change = begun.reduce<Switch>(
    (all, [step, nowMs]) => beginStep({ ...all, step }, nowMs),
    { ...CHANGE, rollout: "r1" },
  );
  const where = { host: "web-1", service: "A", nowMs: 9_000 };
  const record = toRecord(change, where);
  assert.equal(record?.rollout, "r1");
  const total = record.event.steps.reduce((sum, { tookMs }) => sum + tookMs, 0);
  assert.equal(total, 4_000);
  assert.ok(record.event.steps.every(({ tookMs }) => tookMs >= 0));
  assert.deepEqual([record.event.outcome, record.event.lines], ["switched", undefined]);
  const failed = toRecord({ ...change, reason: "no health", lines: ["one", "two"] }, where);
  assert.deepEqual(
    [failed?.event.outcome, failed?.event.reason, failed?.event.lines],
    ["failed", "no health", ["one", "two"]],
  );
  const { rollout: _, ...outside } = change;
  assert.equal(toRecord(outside, where), null);
});
