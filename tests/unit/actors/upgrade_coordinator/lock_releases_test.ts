import assert from "node:assert/strict";
import type { PinnerMessage, PinOutcome } from "../../../../actors/pinner/messages.ts";
import type { RunnerMessage } from "../../../../actors/runner/messages.ts";
import { ActorSystem, silentLogger, VirtualClock } from "../../../../actors/runtime/mod.ts";
import type { Switch } from "../../../../actors/upgrade_coordinator/machine/switch.ts";
import { type SwitchTools, takeStep } from "../../../../actors/upgrade_coordinator/take_step.ts";

const CHANGE: Switch = {
  from: "v1",
  to: "v2",
  step: "starting",
  sinceMs: 5,
  hasSlot: true,
  wave: null,
  reason: null,
  restarts: 1,
  trial: { bakeMs: 0, health: { deadlineMs: 5_000, intervalMs: 1, successes: 1 } },
};

const REFUSED: PinOutcome = {
  ok: false,
  required: true,
  reason: "not permitted",
  advice: "put this there:\n    LimitMEMLOCK=1K\nor that here:\n    - memlock 1",
};

interface Bench {
  readonly clock: VirtualClock;
  /** What the pinner and the runner were asked, in order. */
  readonly asked: string[];
  /** Takes a step of the switch from v1 to v2. Resolves to why it failed, null if it did not. */
  take(step: Switch["step"], change?: Partial<Switch>): Promise<string | null>;
}

/** A host on which nothing runs, whose pinner answers so. */
async function run(
  { mode, answer }: {
    readonly mode: "required" | "preferred" | "off";
    readonly answer: (version: string) => PinOutcome | null;
  },
  test: (bench: Bench) => Promise<void>,
): Promise<void> {
  const clock = new VirtualClock();
  const asked: string[] = [];
  const system = ActorSystem.create({ name: "test", clock });
  const pinner = system.spawn<null, PinnerMessage>("pinner", {
    name: "pinner",
    init: () => null,
    receive(state, message) {
      if (message.type !== "pin") return state;
      asked.push(`pin ${message.version}`);
      const outcome = answer(message.version);
      if (outcome !== null) message.replyTo?.tell(outcome);
      return state;
    },
  });
  let version: string | null = null;
  const runner = system.spawn<null, RunnerMessage>("runner", {
    name: "runner",
    init: () => null,
    receive(state, message) {
      if (message.type === "status" || message.type === "check") {
        message.replyTo.tell({
          wanted: version,
          restart: null,
          version,
          pid: 1,
          health: { ok: true },
        });
      } else if (message.type === "stop" || message.type === "start") {
        asked.push(message.type === "start" ? `start ${message.version}` : "stop");
        if (message.type === "start") version = message.version;
        message.replyTo.tell({ ok: true });
      }
      return state;
    },
  });
  const tools = {
    config: { stopGrace: 1_000, pin: { mode, limit: 1 } },
    store: {
      switchCurrent: () => Promise.resolve(),
      isIntact: () => Promise.resolve({ intact: true }),
    },
    runner,
    pinner,
    clock,
    log: silentLogger,
    signal: new AbortController().signal,
  } as unknown as SwitchTools;
  try {
    await test({
      clock,
      asked,
      take: (step, change = {}) =>
        takeStep({ ...CHANGE, ...change, step }, tools).then(() => null, (error) => String(error)),
    });
  } finally {
    const stopped = system.stop();
    await clock.advance(60_000);
    await stopped;
  }
}

Deno.test("takeStep: the new version is started when both are locked, and not before (I10)", async () => {
  // Regression: after a power cut it was started again while its lock was under way.
  const answers = new Map<string, PinOutcome | null>([["v1", { ok: true, lockedBytes: 1 }]]);
  await run(
    { mode: "required", answer: (version) => answers.get(version) ?? null },
    async (bench) => {
      const { clock, asked, take } = bench;
      const waiting = take("starting");
      await clock.advance(60_000);
      assert.deepEqual(asked.toSorted(), ["pin v1", "pin v2"]);
      await clock.advance(30 * 60_000);
      assert.match(
        await waiting ?? "",
        /v2 is not locked in memory: .*pinner/,
        "it does not wait for ever",
      );
      assert.ok(!asked.includes("start v2"));

      answers.set("v2", { ok: true, lockedBytes: 1 });
      assert.equal(await take("starting"), null);
      assert.equal(asked.at(-1), "start v2");
    },
  );
});

Deno.test("takeStep: a new version that has to be locked and cannot be is not started, and it says why", async () => {
  const answer = (version: string): PinOutcome =>
    version === "v2" ? REFUSED : { ok: true, lockedBytes: 1 };
  await run({ mode: "required", answer }, async ({ clock, asked, take }) => {
    for (const step of ["draining", "starting"] as const) {
      const failing = take(step);
      await clock.advance(10_000);
      assert.match(
        await failing ?? "",
        /v2 is not locked in memory: not permitted; put this there: LimitMEMLOCK=1K; or that here: - memlock 1/,
      );
    }
    assert.equal(asked.filter((what) => what === "pin v2").length, 2 * 3);
    assert.ok(!asked.includes("start v2"));
  });
});

Deno.test("takeStep: the old version need not be locked, and no lock keeps the way back from it", async () => {
  const answer = (version: string): PinOutcome | null =>
    version === "v2" ? { ok: true, lockedBytes: 1 } : REFUSED;
  await run({ mode: "required", answer }, async ({ clock, asked, take }) => {
    const starting = take("starting");
    await clock.advance(10_000);
    assert.equal(await starting, null);
    assert.equal(asked.at(-1), "start v2");
  });
  await run({ mode: "required", answer: () => null }, async ({ clock, asked, take }) => {
    const back = take("rolling_back");
    await clock.advance(10_000);
    assert.equal(await back, null);
    assert.ok(asked.includes("pin v1"));
    assert.equal(asked.at(-1), "start v1");
  });
});

Deno.test("takeStep: a start without a slot locks what it starts, and nothing else", async () => {
  const answer = (): PinOutcome => ({ ok: true, lockedBytes: 1 });
  await run({ mode: "required", answer }, async ({ asked, take }) => {
    assert.equal(await take("starting", { hasSlot: false }), null);
    assert.deepEqual(asked.filter((what) => what.startsWith("pin")), ["pin v2"]);
  });
});

Deno.test("takeStep: where a lock is only preferred, nothing waits for it", async () => {
  await run({ mode: "preferred", answer: () => null }, async ({ asked, take }) => {
    assert.equal(await take("starting"), null);
    assert.deepEqual(asked.slice(0, 2), ["pin v1", "pin v2"]);
    assert.equal(asked.at(-1), "start v2");
  });
  await run({ mode: "off", answer: () => null }, async ({ asked, take }) => {
    assert.equal(await take("starting"), null);
    assert.ok(!asked.some((what) => what.startsWith("pin")));
  });
});
