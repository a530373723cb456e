import assert from "node:assert/strict";
import fc from "fast-check";
import {
  firstStep,
  fromJournal,
  resume,
  stepAfter,
  type Switch,
  type SwitchTools,
  takeStep,
  toJournal,
} from "../../../../actors/upgrade_coordinator/switch.ts";
import type { RunnerMessage } from "../../../../actors/runner/messages.ts";
import { ActorSystem, silentLogger, systemClock } from "../../../../actors/runtime/mod.ts";
import { SWITCH_STEPS } from "../../../../host/mod.ts";
import { DEFAULT_POLICY } from "../../../../rollout/mod.ts";

const CHANGE: Switch = {
  from: "v1",
  to: "v2",
  step: "draining",
  sinceMs: 5,
  hasSlot: true,
  wave: "web-0000000001",
  reason: null,
  restarts: 0,
  trial: { bakeMs: 7, health: { deadlineMs: 8, intervalMs: 9, successes: 3 } },
};

/** The longest time that a policy may have. */
const WEEK_MS = 7 * 24 * 3_600_000;

const version = fc.stringMatching(/^[a-z0-9]{1,8}$/);
/** As in an entry of an earlier version, without a blob, and with one. */
const infoHash = fc.constantFrom(undefined, null, "a".repeat(40));
const switches: fc.Arbitrary<Switch> = fc.record({
  from: fc.option(version),
  fromHash: infoHash,
  to: version,
  infoHash,
  step: fc.constantFrom(...SWITCH_STEPS),
  sinceMs: fc.nat(),
  hasSlot: fc.boolean(),
  wave: fc.option(version),
  reason: fc.option(fc.string()),
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

Deno.test("fromJournal: an entry without a trial gets the default policy's", () => {
  const { context: _, ...entry } = toJournal(CHANGE);
  const { trial, restarts, hasSlot } = fromJournal(entry);
  assert.equal(trial.bakeMs, DEFAULT_POLICY.bakeMs);
  assert.deepEqual([restarts, hasSlot], [0, false]);
});

Deno.test("stepAfter: from any step the switch ends", () => {
  for (const first of [firstStep("v1"), firstStep(null), "rolling_back"] as const) {
    let steps = 0;
    for (let step: ReturnType<typeof stepAfter> = first; step !== null; step = stepAfter(step)) {
      assert.ok(++steps <= SWITCH_STEPS.length);
    }
  }
});

Deno.test("resume: goes on at the step it had come to, as long as the new version runs", () => {
  for (const step of SWITCH_STEPS) {
    const change = { ...CHANGE, step };
    assert.equal(resume(change, { wanted: "v2" }), change);
  }
});

Deno.test("resume: a new version that is gone is started again, twice, then it is rolled back", () => {
  let change: Switch = { ...CHANGE, step: "baking" };
  for (const restarts of [1, 2]) {
    change = resume(change, { wanted: null });
    assert.deepEqual([change.step, change.restarts], ["pointing", restarts]);
    // It comes as far as its start, and takes the machine down again.
    change = { ...change, step: "starting" };
  }
  change = resume(change, { wanted: null });
  assert.equal(change.step, "rolling_back");
  assert.match(change.reason ?? "", /v2 was gone 3 times/);
});

Deno.test("resume: where nothing is meant to run yet, or any more, nothing is started", () => {
  for (const step of ["stopping", "pointing", "rolling_back", "reporting"] as const) {
    const change = { ...CHANGE, step };
    assert.equal(resume(change, { wanted: null }), change);
  }
});

Deno.test("takeStep: a service that was drained and could not be stopped is undrained on the way back", async () => {
  // Regression: with a full disk the journal could not be written. The host served nobody from then on.
  const folder = await Deno.makeTempDir({ prefix: "rollcall-switch-" });
  const undrained = `${folder}/undrained`;
  const system = ActorSystem.create({ name: "test" });
  const status = (version: string) => ({
    wanted: version,
    version,
    pid: 1,
    health: { ok: true as const },
  });
  try {
    for (const running of ["v1", "v2"]) {
      let version = running;
      const runner = system.spawn<null, RunnerMessage>(`runner-${running}`, {
        name: "runner",
        init: () => null,
        receive(state, message) {
          if (message.type === "status" || message.type === "check") {
            message.replyTo.tell(status(version));
          } else if (message.type === "stop" || message.type === "start") {
            if (message.type === "start") version = message.version;
            message.replyTo.tell({ ok: true });
          }
          return state;
        },
      });
      const tools = {
        config: {
          drain: ["true"],
          undrain: ["touch", undrained],
          drainTimeout: 5_000,
          stopGrace: 1_000,
          pin: { mode: "off" },
        },
        store: { switchCurrent: () => Promise.resolve() },
        runner,
        clock: systemClock,
        log: silentLogger,
        signal: new AbortController().signal,
      } as unknown as SwitchTools;
      const trial = { bakeMs: 0, health: { deadlineMs: 5_000, intervalMs: 1, successes: 1 } };
      await takeStep({ ...CHANGE, step: "rolling_back", reason: "disk full", trial }, tools);
      const isUndrained = await Deno.stat(undrained).then(() => true, () => false);
      assert.equal(isUndrained, running === "v1");
      if (isUndrained) await Deno.remove(undrained);
    }
  } finally {
    await system.stop();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("takeStep: the old version that the runner refuses is the current one all the same, and it says why", async () => {
  const system = ActorSystem.create({ name: "test" });
  const refused = { ok: false as const, reason: "expected v1 on disk as it was verified" };
  const runner = system.spawn<null, RunnerMessage>("runner", {
    name: "runner",
    init: () => null,
    receive(state, message) {
      if (message.type === "status") {
        const health = { ok: false as const, reason: "not running" };
        message.replyTo.tell({ wanted: null, version: null, pid: null, health });
      } else if (message.type === "stop") message.replyTo.tell({ ok: true });
      else if (message.type === "start") message.replyTo.tell(refused);
      return state;
    },
  });
  const pointed: string[] = [];
  const tools = {
    config: { stopGrace: 1_000, pin: { mode: "off" } },
    store: { switchCurrent: (version: string) => Promise.resolve(void pointed.push(version)) },
    runner,
    clock: systemClock,
    log: silentLogger,
    signal: new AbortController().signal,
  } as unknown as SwitchTools;
  try {
    const back = { ...CHANGE, step: "rolling_back", reason: "health gate" } as const;
    await assert.rejects(takeStep(back, tools), /start v1: expected v1 on disk as it was verified/);
    // What is current is what the machine starts if it cannot ask anybody.
    assert.deepEqual(pointed, ["v1"]);
  } finally {
    await system.stop();
  }
});
