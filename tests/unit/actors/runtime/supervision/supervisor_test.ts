import assert from "node:assert/strict";
import {
  ActorError,
  type ActorRef,
  ask,
  type ChildOptions,
  spawnProbe,
  startChild,
  supervisor,
  type SupervisorOptions,
} from "../../../../../actors/runtime/mod.ts";
import {
  backoffDelayMs,
  DEFAULT_RESTART_BACKOFF,
} from "../../../../../actors/runtime/supervision/restart_policy.ts";
import { type Fixture, recorder, withSystem } from "../fixture.ts";

/** A supervisor over logging children of these names, and a way to tell them something. */
function family(
  { system }: Fixture,
  names: readonly string[],
  options: SupervisorOptions & { readonly child?: ChildOptions } = {},
) {
  const log: string[] = [];
  const refs = new Map<string, ActorRef<string>>();
  /** Children whose next starts fail, and how often. */
  const failingStarts = new Map<string, number>();
  const { child, ...rest } = options;
  const ref = system.spawn(
    "supervisor",
    supervisor({
      backoff: { initialMs: 100, jitter: 0 },
      ...rest,
      children(scope) {
        for (const name of names) {
          const definition = recorder<string>([], {
            init(context) {
              const failing = failingStarts.get(name) ?? 0;
              failingStarts.set(name, failing - 1);
              log.push(`${failing > 0 ? "fail" : "start"} ${name}`);
              if (failing > 0) throw new Error("init");
              context.timers.after("unused", 1e9, "unused");
              return 0;
            },
            receive(state, message, context) {
              if (message === "crash") throw new Error("crash");
              if (message === "finish") context.stopSelf();
              return state;
            },
            onStop: (_state, _context, reason) => void log.push(`stop ${name} ${reason.kind}`),
          });
          refs.set(name, scope.child(name, definition, child));
        }
      },
    }),
  );
  return {
    ref,
    log,
    failingStarts,
    tell: (name: string, message: string) => refs.get(name)?.tell(message),
    take: () => log.splice(0),
  };
}

const names = ["a", "b", "c"];

Deno.test("G16: one_for_one restarts the child that failed", () =>
  withSystem(async (fixture) => {
    const { tell, take } = family(fixture, names, { strategy: "one_for_one" });
    assert.deepEqual(take(), ["start a", "start b", "start c"]);
    tell("b", "crash");
    await fixture.clock.advance(99);
    assert.deepEqual(take(), ["stop b failed"]);
    await fixture.clock.advance(1);
    assert.deepEqual(take(), ["start b"]);
  }));

Deno.test("G16: one_for_all stops the others right to left and starts all left to right", () =>
  withSystem(async (fixture) => {
    const { tell, take } = family(fixture, names, { strategy: "one_for_all" });
    take();
    tell("b", "crash");
    await fixture.clock.advance(100);
    assert.deepEqual(take(), [
      "stop b failed",
      "stop c sibling_failed",
      "stop a sibling_failed",
      "start a",
      "start b",
      "start c",
    ]);
  }));

Deno.test("G16: rest_for_one restarts the child that failed and those to its right", () =>
  withSystem(async (fixture) => {
    const { tell, take } = family(fixture, names, { strategy: "rest_for_one" });
    take();
    tell("b", "crash");
    await fixture.clock.advance(100);
    assert.deepEqual(take(), ["stop b failed", "stop c sibling_failed", "start b", "start c"]);
  }));

Deno.test("G16: a failure further left while a group waits restarts the larger group once", () =>
  withSystem(async (fixture) => {
    const { tell, take } = family(fixture, names, { strategy: "rest_for_one" });
    take();
    tell("c", "crash");
    await fixture.clock.advance(50);
    tell("a", "crash");
    await fixture.clock.advance(1_000);
    assert.deepEqual(take(), [
      "stop c failed",
      "stop a failed",
      "stop b sibling_failed",
      "start a",
      "start b",
      "start c",
    ]);
  }));

Deno.test("G16: a group that waits is not disturbed by a child to its left that ends for good", () =>
  withSystem(async (fixture) => {
    const { tell, take } = family(fixture, names, {
      strategy: "rest_for_one",
      child: { restart: "transient" },
    });
    take();
    tell("b", "crash");
    await fixture.clock.advance(50);
    tell("a", "finish");
    await fixture.clock.advance(1_000);
    assert.deepEqual(take(), [
      "stop b failed",
      "stop c sibling_failed",
      "stop a normal",
      "start b",
      "start c",
    ]);
  }));

Deno.test("G16: children that fail together with their group count as one failure", () =>
  withSystem(async (fixture) => {
    const { tell, take } = family(fixture, names, {
      strategy: "one_for_all",
      intensity: { maxRestarts: 1 },
    });
    take();
    for (const name of names) tell(name, "crash");
    await fixture.clock.advance(1_000);
    assert.deepEqual(take().slice(-3), ["start a", "start b", "start c"]);
    assert.equal(fixture.system.counters.failures, 3);
  }));

Deno.test("G17: permanent restarts after every end", () =>
  withSystem(async (fixture) => {
    const { tell, take } = family(fixture, ["a"], { child: { restart: "permanent" } });
    tell("a", "finish");
    await fixture.clock.advance(100);
    assert.deepEqual(take(), ["start a", "stop a normal", "start a"]);
  }));

Deno.test("G17: transient restarts after a failure, not after a normal end", () =>
  withSystem(async (fixture) => {
    const { tell, take } = family(fixture, ["a"], { child: { restart: "transient" } });
    tell("a", "crash");
    await fixture.clock.advance(100);
    assert.deepEqual(take(), ["start a", "stop a failed", "start a"]);
    tell("a", "finish");
    await fixture.clock.advance(10_000);
    assert.deepEqual(take(), ["stop a normal"]);
    assert.equal(tell("a", "any"), "stopped");
  }));

Deno.test("G17: temporary never restarts, nor with its group, and the group goes on without it", () =>
  withSystem(async (fixture) => {
    const { tell, take, ref } = family(fixture, names, { strategy: "one_for_all" });
    const options = { timeoutMs: 1_000 };
    const temporary = recorder<string>([]);
    await ask(ref, startChild("d", temporary, { restart: "temporary" }), options);
    tell("a", "crash");
    await fixture.clock.advance(1_000);
    assert.deepEqual(take().slice(-3), ["start a", "start b", "start c"]);
    const listed = await ask(
      ref,
      (replyTo) => ({ type: "list_children" as const, replyTo }),
      options,
    );
    assert.deepEqual(listed.map(({ name, status }) => [name, status]), [
      ["a", "running"],
      ["b", "running"],
      ["c", "running"],
    ]);
  }));

Deno.test("G18: more restarts than the intensity allows stop all children and escalate", () =>
  withSystem(async (fixture) => {
    const { system, clock } = fixture;
    const { ref, tell, take } = family(fixture, names, {
      intensity: { maxRestarts: 2, withinMs: 10_000 },
    });
    const probe = spawnProbe(system);
    probe.watch(ref);
    for (let crash = 0; crash < 2; crash++) {
      tell("b", "crash");
      await clock.advance(1_000);
    }
    assert.equal(probe.signals.length, 0);
    take();
    tell("b", "crash");
    await clock.advance(1_000);
    assert.deepEqual(take(), ["stop b failed", "stop c shutdown", "stop a shutdown"]);
    const [signal] = probe.signals;
    assert.ok(signal?.type === "terminated" && signal.reason.kind === "failed");
    const { error } = signal.reason;
    assert.ok(error instanceof ActorError && error.code === "restart_intensity_exceeded");
    assert.match(String(error.cause), /crash/);
  }));

Deno.test("G18: restarts that left the window do not count", () =>
  withSystem(async (fixture) => {
    const { tell } = family(fixture, ["a"], { intensity: { maxRestarts: 1, withinMs: 10_000 } });
    for (let crash = 0; crash < 5; crash++) {
      tell("a", "crash");
      await fixture.clock.advance(10_001);
    }
    assert.equal(fixture.system.counters.restarts, 5);
  }));

Deno.test("G18: what fails slowly and never gets better uses up the sustained intensity", () =>
  withSystem(async (fixture) => {
    const { system, clock } = fixture;
    const { ref, tell } = family(fixture, ["a"], {
      intensity: {
        maxRestarts: 1,
        withinMs: 10_000,
        sustained: { maxRestarts: 3, withinMs: 100_000 },
      },
    });
    const probe = spawnProbe(system);
    probe.watch(ref);
    // No two within the window of bursts, and four within the long one.
    for (const afterMs of [20_000, 20_000, 65_000, 12_000]) {
      tell("a", "crash");
      await clock.advance(afterMs);
    }
    assert.equal(system.counters.restarts, 4, "the first had left the long window by the fourth");
    assert.equal(probe.signals.length, 0);
    tell("a", "crash");
    await clock.settle();
    const [signal] = probe.signals;
    assert.ok(signal?.type === "terminated" && signal.reason.kind === "failed");
    assert.match(String(signal.reason.error), /at most 3 restarts within 100000 ms/);
  }));

Deno.test("G18: a sustained intensity is wider than that of bursts", () => {
  const intensity = { maxRestarts: 5, withinMs: 60_000 };
  for (
    const sustained of [
      { maxRestarts: 5, withinMs: 3_600_000 },
      { maxRestarts: 30, withinMs: 60_000 },
      { maxRestarts: 30.5, withinMs: 3_600_000 },
      { maxRestarts: 30, withinMs: Infinity },
    ]
  ) {
    assert.throws(
      () => supervisor({ intensity: { ...intensity, sustained } }),
      (error) => error instanceof ActorError && error.code === "invalid_option",
    );
  }
});

Deno.test("G18: a supervisor that gave up is restarted by its own, with all its children", () =>
  withSystem(async ({ system, clock }) => {
    const log: string[] = [];
    let crashing: ActorRef<string> | undefined;
    const inner = supervisor({
      intensity: { maxRestarts: 0 },
      children(scope) {
        const init = (name: string) => () => (log.push(`start ${name}`), 0);
        scope.child("x", recorder<string>([], { init: init("x") }));
        crashing = scope.child("y", recorder<string>([], { init: init("y") }));
      },
    });
    system.spawn(
      "outer",
      supervisor({
        backoff: { jitter: 0 },
        children: (scope) => void scope.child("inner", inner),
      }),
    );
    const first = crashing;
    first?.tell("crash");
    await clock.advance(100);
    assert.deepEqual(log, ["start x", "start y", "start x", "start y"]);
    assert.equal(first?.tell("any"), "stopped", "the children of a new incarnation are new actors");
    assert.equal(crashing?.tell("any"), "accepted");
  }));

Deno.test("G19: the wait doubles up to its limit, jitter only shortens, a long run resets it", () =>
  withSystem(async (fixture) => {
    const { clock } = fixture;
    const { tell, take } = family(fixture, ["a"], {
      intensity: { maxRestarts: 100 },
      backoff: { initialMs: 100, maxMs: 300, jitter: 0, resetAfterMs: 5_000 },
    });
    take();
    for (const waitMs of [100, 200, 300, 300]) {
      tell("a", "crash");
      await clock.advance(waitMs - 1);
      assert.deepEqual(take(), ["stop a failed"]);
      await clock.advance(1);
      assert.deepEqual(take(), ["start a"]);
    }
    await clock.advance(5_000);
    tell("a", "crash");
    await clock.advance(100);
    assert.deepEqual(take(), ["stop a failed", "start a"]);
    const waits = [0, 0.5, 0.999].map((next) =>
      backoffDelayMs(DEFAULT_RESTART_BACKOFF, 20, { next: () => next })
    );
    assert.deepEqual(waits, [30_000, 27_000, 30_000 * (1 - 0.2 * 0.999)]);
  }));

Deno.test("G20: a child whose init fails is restarted; with one_for_one the others do not wait", () =>
  withSystem(async (fixture) => {
    const { tell, take, failingStarts } = family(fixture, names);
    take();
    failingStarts.set("b", 1);
    tell("b", "crash");
    await fixture.clock.advance(100);
    assert.deepEqual(take(), ["stop b failed", "fail b"]);
    await fixture.clock.advance(200);
    assert.deepEqual(take(), ["start b"]);
  }));

Deno.test("G20: with rest_for_one those to the right start when the one they rely on has", () =>
  withSystem(async (fixture) => {
    const { tell, take, failingStarts } = family(fixture, names, { strategy: "rest_for_one" });
    take();
    failingStarts.set("b", 1);
    tell("a", "crash");
    await fixture.clock.advance(100);
    assert.deepEqual(take(), [
      "stop a failed",
      "stop c sibling_failed",
      "stop b sibling_failed",
      "start a",
      "fail b",
    ]);
    await fixture.clock.advance(100);
    assert.deepEqual(take(), ["start b", "start c"]);
  }));

Deno.test("G20: a child that cannot start at all makes its supervisor give up", () =>
  withSystem(async ({ system, clock }) => {
    const failing = recorder<string>([], {
      init() {
        throw new Error("init");
      },
    });
    const ref = system.spawn(
      "supervisor",
      supervisor({ children: (scope) => void scope.child("failing", failing) }),
    );
    await clock.advance(60_000);
    assert.equal(ref.tell({ type: "stop_child", name: "failing" }), "stopped");
    assert.equal(system.counters.failures, 7, "one start, five restarts, one escalation");
  }));

Deno.test("supervisor starts and stops children at run time", () =>
  withSystem(async ({ system, clock }) => {
    const seen: string[] = [];
    const ref = system.spawn("supervisor", supervisor({ backoff: { jitter: 0 } }));
    const options = { timeoutMs: 1_000 };
    const started = await ask(ref, startChild("dynamic", recorder(seen)), options);
    assert.ok(started.ok);
    started.ref.tell("one");
    const again = await ask(ref, startChild("dynamic", recorder(seen)), options);
    assert.ok(!again.ok && again.error.code === "name_taken");
    started.ref.tell("crash");
    await clock.settle();
    const stop = (name: string) =>
      ask<typeof ref extends ActorRef<infer M> ? M : never, boolean>(
        ref,
        (replyTo) => ({ type: "stop_child", name, replyTo }),
        options,
      );
    assert.equal(await stop("dynamic"), true, "also while it waits for its restart");
    await clock.advance(10_000);
    assert.equal(await stop("dynamic"), false);
    assert.equal(started.ref.tell("two"), "stopped");
    assert.deepEqual(seen, ["one"]);
  }));

Deno.test("supervisor refuses settings that make no sense", () => {
  for (
    const options of [
      { intensity: { maxRestarts: -1 } },
      { intensity: { withinMs: 0 } },
      { backoff: { jitter: 2 } },
      { backoff: { initialMs: 10, maxMs: 5 } },
      { backoff: { factor: 0.5 } },
    ]
  ) {
    assert.throws(
      () => supervisor(options),
      (error) => error instanceof ActorError && error.code === "invalid_option",
    );
  }
});
