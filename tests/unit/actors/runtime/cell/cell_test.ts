import assert from "node:assert/strict";
import {
  type ActorContext,
  type ActorRef,
  spawnProbe,
  Topic,
} from "../../../../../actors/runtime/mod.ts";
import { recorder, supervised, withSystem } from "../fixture.ts";

Deno.test("G1: messages from one sender are handled in the order in which they were told", () =>
  withSystem(async ({ system, clock }) => {
    const seen: string[] = [];
    const receiver = system.spawn("receiver", recorder(seen, { mailbox: { capacity: 5_000 } }));
    const sender = (letter: string) => ({
      init: () => 0,
      receive(sent: number, _go: "go", context: { self: ActorRef<"go"> }): number {
        receiver.tell(`${letter}${sent}`);
        if (sent < 999) context.self.tell("go");
        return sent + 1;
      },
    });
    system.spawn("a", sender("a")).tell("go");
    system.spawn("b", sender("b")).tell("go");
    await clock.settle();
    assert.equal(seen.length, 2_000);
    for (const letter of ["a", "b"]) {
      const own = seen.filter((message) => message.startsWith(letter));
      assert.deepEqual(own, Array.from({ length: 1_000 }, (_, index) => `${letter}${index}`));
    }
  }));

Deno.test("G2: an actor handles one message at a time, and tell never runs it inline", () =>
  withSystem(async ({ system, clock }) => {
    const log: string[] = [];
    const actor = system.spawn("actor", {
      init: () => undefined,
      receive(state: undefined, message: number, context): undefined {
        log.push(`begin ${message}`);
        if (message === 1) context.self.tell(2);
        log.push(`end ${message}`);
        return state;
      },
    });
    actor.tell(1);
    log.push("told");
    await clock.settle();
    assert.deepEqual(log, ["told", "begin 1", "end 1", "begin 2", "end 2"]);
  }));

Deno.test("G9: a failure that a parent takes as a signal ends the child alone", () =>
  withSystem(async ({ system, clock }) => {
    const log: unknown[] = [];
    system.spawn("parent", {
      init: (context: ActorContext<string>) => context.spawn("child", recorder<string>([])),
      receive: (child, message: string) => (child.tell(message), child),
      onSignal(child, signal) {
        log.push(signal.type, signal.ref === child);
        return child;
      },
    }).tell("crash");
    await clock.settle();
    assert.deepEqual(log, ["child_failed", true]);
    assert.equal(system.counters.failures, 1);
    assert.deepEqual(system.tree().map(({ children }) => children.length), [0]);
  }));

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
