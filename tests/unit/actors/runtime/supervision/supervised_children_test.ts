import assert from "node:assert/strict";
import {
  ActorError,
  type ActorRef,
  ask,
  type AutoShutdown,
  type RestartPolicy,
  spawnProbe,
  startChild,
  supervisor,
  type SupervisorMessage,
} from "../../../../../actors/runtime/mod.ts";
import { type Fixture, recorder, withSystem } from "../fixture.ts";
import { family } from "./family.ts";

/** Two significant children `a` and `b` and one that is not, which stop when told "stop". */
function spawnFamily(
  { system }: Fixture,
  autoShutdown: AutoShutdown,
  restart: RestartPolicy = "transient",
) {
  const children = new Map<string, ActorRef<string>>();
  const definition = recorder<string>([], {
    receive(state: number, message: string, context: { stopSelf(): void }): number {
      if (message === "crash") throw new Error("crash");
      context.stopSelf();
      return state;
    },
  });
  const ref: ActorRef<SupervisorMessage> = system.spawn(
    "family",
    supervisor({
      autoShutdown,
      children(scope) {
        for (const name of ["a", "b"]) {
          children.set(name, scope.child(name, definition, { restart, significant: true }));
        }
        children.set("other", scope.child("other", definition, { restart: "temporary" }));
      },
    }),
  );
  const probe = spawnProbe(system);
  probe.watch(ref);
  const stop = (name: string) => void children.get(name)?.tell("stop");
  const crash = (name: string) => void children.get(name)?.tell("crash");
  return { ref, probe, stop, crash };
}

const names = ["a", "b", "c"];

Deno.test("G31: any_significant stops the supervisor with the first significant child", () =>
  withSystem(async (fixture) => {
    const { probe, stop } = spawnFamily(fixture, "any_significant");
    stop("other");
    await fixture.clock.settle();
    assert.equal(probe.signals.length, 0);
    stop("a");
    await fixture.clock.settle();
    const [signal] = probe.signals;
    assert.ok(signal?.type === "terminated" && signal.reason.kind === "normal");
  }));

Deno.test("G31: all_significant stops the supervisor with the last significant child", () =>
  withSystem(async (fixture) => {
    const { probe, stop } = spawnFamily(fixture, "all_significant");
    stop("a");
    await fixture.clock.settle();
    assert.equal(probe.signals.length, 0);
    stop("b");
    await fixture.clock.settle();
    assert.equal(probe.signals.length, 1);
  }));

Deno.test("G31: a restart, or a stop that was asked for, does not count", () =>
  withSystem(async (fixture) => {
    const { ref, probe, crash } = spawnFamily(fixture, "any_significant");
    crash("a");
    ref.tell({ type: "stop_child", name: "b" });
    await fixture.clock.advance(1_000);
    assert.equal(probe.signals.length, 0);
    assert.equal(fixture.system.counters.restarts, 1);
  }));

Deno.test("G31: a failure of a temporary significant child counts", () =>
  withSystem(async (fixture) => {
    const { probe, crash } = spawnFamily(fixture, "any_significant", "temporary");
    crash("a");
    await fixture.clock.settle();
    assert.equal(probe.signals.length, 1);
  }));

Deno.test("G31: significant is refused where it has no meaning", async () => {
  for (
    const [autoShutdown, restart] of [["never", "transient"], [
      "any_significant",
      "permanent",
    ]] as const
  ) {
    const codes: unknown[] = [];
    await withSystem(async (fixture) => {
      spawnFamily(fixture, autoShutdown, restart);
      await fixture.clock.settle();
    }, {
      onFailure({ error }) {
        codes.push(error instanceof ActorError ? error.code : error);
        return "continue";
      },
    });
    assert.deepEqual(codes, ["invalid_option"]);
  }
});

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
