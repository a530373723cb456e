import assert from "node:assert/strict";
import {
  type ActorContext,
  type ActorDefinition,
  type ActorRef,
  spawnProbe,
  supervisor,
  Topic,
} from "../../../../../actors/runtime/mod.ts";
import { recorder, withSystem } from "../fixture.ts";

/** A supervisor with this one child, whose reference it hands out. */
function over<S, M>(
  child: ActorDefinition<S, M>,
  take: (ref: ActorRef<M>) => void,
): ReturnType<typeof supervisor> {
  return supervisor({
    backoff: { initialMs: 100, jitter: 0 },
    children: (scope) => take(scope.child("child", child)),
  });
}

/** Spawns it and returns the child. */
function supervised<S, M>(
  system: Parameters<typeof spawnProbe>[0],
  child: ActorDefinition<S, M>,
): ActorRef<M> {
  const taken: ActorRef<M>[] = [];
  system.spawn("supervisor", over(child, (ref) => void taken.push(ref)));
  const [ref] = taken;
  assert.ok(ref);
  return ref;
}

Deno.test("G10: a restart keeps the reference and the mailbox, and loses the current message", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const seen: string[] = [];
    const states: number[] = [];
    const child = supervised(
      system,
      recorder(seen, { onStop: (handled) => void states.push(handled) }),
    );
    const probe = spawnProbe(system);
    probe.watch(child);
    for (const message of ["a", "crash", "b"]) child.tell(message);
    await clock.settle();
    assert.equal(child.tell("c"), "accepted", "while it is down");
    assert.deepEqual(seen, ["a"]);
    await clock.advance(100);
    assert.deepEqual(seen, ["a", "b", "c"]);
    assert.deepEqual(states, [1], "onStop gets the last state that was returned");
    assert.deepEqual(deadLetters.map(({ message, reason }) => [message, reason]), [[
      "crash",
      "failed",
    ]]);
    assert.equal(system.tree()[0]?.children[0]?.restarts, 1);
    assert.deepEqual(probe.signals, [], "a restart is not an end");
  }));

Deno.test("G10: a mailbox stays bounded while its actor is down", () =>
  withSystem(async ({ system, clock }) => {
    const child = supervised(system, recorder<string>([], { mailbox: { capacity: 2 } }));
    child.tell("crash");
    await clock.settle();
    const outcomes = ["a", "b", "c"].map((message) => child.tell(message));
    assert.deepEqual(outcomes, ["accepted", "accepted", "overflow"]);
  }));

Deno.test("G11: a restart ends timers, tasks, asks, watches, adapters and children", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const seen: string[] = [];
    const signals: string[] = [];
    const topic = new Topic<string>("topic");
    const answerTo: ActorRef<string>[] = [];
    const finishTask: ((value: string) => void)[] = [];
    const asked = system.spawn("asked", {
      init: () => undefined,
      receive(state: undefined, message: { replyTo: ActorRef<string> }): undefined {
        answerTo.push(message.replyTo);
        return state;
      },
    });
    const watched = system.spawn("watched", recorder<string>([]));
    let incarnation = 0;
    const child = supervised(
      system,
      recorder(seen, {
        init(context) {
          if (++incarnation > 1) return 0;
          context.timers.every("every", 50, "stale tick");
          context.timers.after("after", 50, "stale tick");
          context.watch(watched);
          topic.subscribe(context.adapt((text: string) => `stale ${text}`));
          context.spawn("grandchild", recorder<string>([]));
          context.pipeToSelf(() => new Promise<string>((resolve) => finishTask.push(resolve)), {
            ok: () => "stale task",
            error: () => "stale task",
          });
          context.pipeToSelf((signal) =>
            new Promise<string>((_, reject) => {
              signal.addEventListener("abort", () => reject(signal.reason));
            }), { ok: () => "stale task", error: () => "stale abort" });
          context.ask(asked, (replyTo) => ({ replyTo }), {
            timeoutMs: 10_000,
            ok: () => "stale answer",
            error: () => "stale answer",
          });
          return 0;
        },
        onSignal: (state, signal) => (signals.push(signal.type), state),
      }),
    );
    await clock.settle();
    assert.equal(answerTo.length, 1);
    assert.equal(system.counters.actors, 5);
    child.tell("crash");
    await clock.settle();
    assert.equal(system.counters.actors, 4, "the grandchild is gone");
    finishTask[0]?.("late value");
    assert.equal(answerTo[0]?.tell("late answer"), "stopped");
    system.stopActor(watched);
    topic.publish("news");
    await clock.advance(1_000);
    child.tell("fresh");
    await clock.settle();
    assert.equal(incarnation, 2);
    assert.deepEqual(seen, ["fresh"]);
    assert.deepEqual(signals, []);
    assert.deepEqual(
      deadLetters.map(({ message, reason }) => [message, reason]).sort(),
      [["crash", "failed"], ["late answer", "late_answer"], ["late value", "stale"]],
    );
  }));

Deno.test("G11: results that wait in the mailbox at a restart are dead letters, ticks are not", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const seen: string[] = [];
    let incarnation = 0;
    let adapter: ActorRef<number> | undefined;
    const child = supervised(
      system,
      recorder(seen, {
        init(context: ActorContext<string>) {
          if (++incarnation > 1) return 0;
          context.timers.after("tick", 5, "stale tick");
          context.pipeToSelf(() => Promise.resolve("value"), { ok: () => "stale", error: String });
          adapter = context.adapt((value) => `stale ${value}`);
          return 0;
        },
        mailbox: { capacity: 2 },
      }),
    );
    // The message through the adapter waits behind the crash; the task ends right after it.
    child.tell("crash");
    adapter?.tell(7);
    await clock.advance(1_000);
    assert.deepEqual(seen, []);
    const waiting = deadLetters.map(({ message, reason }) => [message, reason]);
    assert.deepEqual(waiting, [["crash", "failed"], [7, "stale"], ["value", "stale"]]);
    // The room that they took is free again.
    assert.deepEqual(["a", "b", "c"].map((m) => child.tell(m)), [
      "accepted",
      "accepted",
      "overflow",
    ]);
    await clock.settle();
    assert.deepEqual(seen, ["a", "b"]);
  }));

Deno.test("G11: a restart waits for the clean-up of the earlier incarnation", () =>
  withSystem(async ({ system, clock }) => {
    const log: string[] = [];
    const child = supervised(
      system,
      recorder<string>([], {
        init: () => (log.push("init"), 0),
        onStop: async () => {
          log.push("stopping");
          await new Promise<void>((resolve) => clock.after(3_000, resolve));
          log.push("stopped");
        },
      }),
    );
    child.tell("crash");
    await clock.advance(2_999);
    assert.deepEqual(log, ["init", "stopping"]);
    await clock.advance(101);
    assert.deepEqual(log, ["init", "stopping", "stopped", "init"]);
  }));

Deno.test("G11: a clean-up that missed its deadline does not disturb the next incarnation", () =>
  withSystem(async ({ system, clock }) => {
    const log: string[] = [];
    const child = supervised(
      system,
      recorder<string>([], {
        stopDeadlineMs: 10,
        init: () => (log.push("init"), 0),
        onStop: () => new Promise<void>((resolve) => clock.after(500, resolve)),
      }),
    );
    child.tell("crash");
    await clock.advance(1_000);
    assert.deepEqual(log, ["init", "init"]);
    assert.equal(system.tree()[0]?.children[0]?.status, "running");
    assert.equal(system.counters.abandoned, 1);
  }));

Deno.test("G11: a late clean-up does not cut short that of a later incarnation", () =>
  withSystem(async ({ system, clock }) => {
    const log: string[] = [];
    const cleanUpsMs = [500, 80];
    const child = supervised(
      system,
      recorder<string>([], {
        stopDeadlineMs: 100,
        init: () => (log.push(`start at ${clock.nowMs()}`), 0),
        onStop: () => new Promise<void>((resolve) => clock.after(cleanUpsMs.shift() ?? 0, resolve)),
      }),
    );
    child.tell("crash");
    await clock.advance(450);
    child.tell("crash");
    await clock.advance(1_000);
    // The first clean-up is over at 500, the second one at 530; then comes the wait.
    assert.deepEqual(log, ["start at 0", "start at 200", "start at 730"]);
  }));

Deno.test("G24: what is thrown or rejected on the side never leaks out of the runtime", () =>
  withSystem(async ({ system, clock, logged }) => {
    const bad = (): never => {
      throw new Error("bad");
    };
    const rejects = () => Promise.reject(new Error("rejected"));
    const probe = spawnProbe(system);
    const make = (init: (context: ActorContext<string>) => void) =>
      recorder<string>([], { init: (context) => (init(context), 0) });
    const failing = [
      // A mapping that throws fails the actor; a task or a clean-up that does never does.
      make((context) => context.pipeToSelf(() => Promise.resolve(), { ok: bad, error: bad })),
      make((context) => context.pipeToSelf(rejects, { ok: bad, error: bad })),
      make((context) => context.pipeToSelf(bad, { ok: bad, error: bad })),
      make((context) => void context.adapt(bad).tell("any")),
      make((context) =>
        context.ask(probe.ref, bad, { timeoutMs: 1, ok: () => "ok", error: () => "error" })
      ),
      make((context) =>
        context.ask<unknown, string>(probe.ref, (replyTo) => replyTo, {
          timeoutMs: 1,
          ok: bad,
          error: bad,
        })
      ),
    ];
    failing.forEach((definition, index) => system.spawn(`failing-${index}`, definition));
    const cleaning = [bad, rejects, () => rejects().finally(bad)];
    const cleaners = cleaning.map((onStop, index) =>
      system.spawn(`cleaner-${index}`, recorder<string>([], { onStop }))
    );
    await clock.advance(10);
    for (const cleaner of cleaners) system.stopActor(cleaner);
    await clock.settle();
    assert.equal(system.counters.failures, failing.length);
    assert.equal(system.counters.actors, 1);
    const cleanUps = logged.filter((message) => message === "actor failed to clean up");
    assert.equal(cleanUps.length, cleaning.length);
  }));

Deno.test("G19: a wait of 0 stays one, however often a child is restarted", () =>
  withSystem(async ({ system, clock }) => {
    const seen: string[] = [];
    const refs: ActorRef<string>[] = [];
    system.spawn(
      "supervisor",
      supervisor({
        intensity: { maxRestarts: 10_000 },
        backoff: { initialMs: 0, maxMs: 1 },
        children: (scope) => void refs.push(scope.child("child", recorder(seen))),
      }),
    );
    for (let count = 0; count < 1_100; count++) {
      refs[0]?.tell("crash");
      await clock.advance(0);
    }
    refs[0]?.tell("still there");
    await clock.settle();
    assert.deepEqual(seen, ["still there"]);
  }));
