import assert from "node:assert/strict";
import {
  type ActorContext,
  ActorError,
  type ActorRef,
  OWNED_WORK_LIMIT,
  type StopReason,
  systemClock,
} from "../../../../../actors/runtime/mod.ts";
import { type Fixture, recorder, withSystem } from "../fixture.ts";

/** An actor that hands its context out, for a test to work with. */
function openActor<M>({ system }: Fixture, seen: M[], capacity = 1024) {
  const contexts: ActorContext<M>[] = [];
  const ref = system.spawn(
    "actor",
    recorder(seen, {
      mailbox: { capacity },
      init: (context) => (contexts.push(context), 0),
    }),
  );
  const [context] = contexts;
  assert.ok(context);
  return { ref, context };
}

Deno.test("G22: outcomes of an actor's own work need no room in its mailbox", () =>
  withSystem(async (fixture) => {
    const seen: string[] = [];
    const { ref, context } = openActor<string>(fixture, seen, 1);
    context.pipeToSelf(() => Promise.resolve(), { ok: () => "task", error: String });
    context.ask<{ replyTo: ActorRef<string> }, string>(
      { path: "inline", tell: ({ replyTo }) => replyTo.tell("answer") },
      (replyTo) => ({ replyTo }),
      { timeoutMs: 1, ok: String, error: String },
    );
    assert.equal(ref.tell("told"), "accepted");
    assert.equal(ref.tell("refused"), "overflow");
    await fixture.clock.settle();
    assert.deepEqual(seen.sort(), ["answer", "task", "told"]);
  }));

Deno.test("G22: drop_oldest does not drop them either", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const seen: string[] = [];
    const actor = system.spawn(
      "actor",
      recorder(seen, {
        mailbox: { capacity: 1, overflow: "drop_oldest" },
        init(context) {
          context.ask<{ replyTo: ActorRef<string> }, string>(
            { path: "inline", tell: ({ replyTo }) => replyTo.tell("answer") },
            (replyTo) => ({ replyTo }),
            { timeoutMs: 1, ok: String, error: String },
          );
          return 0;
        },
      }),
    );
    for (const message of ["a", "b", "c"]) actor.tell(message);
    await clock.settle();
    assert.deepEqual(seen, ["answer", "c"]);
    assert.deepEqual(deadLetters.map(({ message }) => message), ["a", "b"]);
  }));

Deno.test("G22: an actor that starts more work than it may own fails", () =>
  withSystem(async ({ system, clock }) => {
    const reasons: StopReason[] = [];
    system.spawn("actor", {
      init: () => undefined,
      receive(state: undefined, _message: string, context): undefined {
        for (let count = 0; count <= OWNED_WORK_LIMIT; count++) {
          context.timers.after(`timer ${count}`, 1_000, "tick");
        }
        return state;
      },
      onStop: (_state, _context, reason) => void reasons.push(reason),
    }).tell("go");
    await clock.settle();
    const [reason] = reasons;
    assert.ok(reason?.kind === "failed" && reason.error instanceof ActorError);
    assert.equal(reason.error.code, "too_much_owned_work");
    assert.equal(clock.scheduledCount, 0);
  }));

Deno.test("G23: a timer ticks when it is due, once or at each period, until cancelled", () =>
  withSystem(async (fixture) => {
    const { clock } = fixture;
    const seen: string[] = [];
    const { timers } = openActor<string>(fixture, seen).context;
    timers.after("once", 150, "once");
    timers.every("every", 100, "every");
    await clock.advance(350);
    assert.deepEqual(seen, ["every", "once", "every", "every"]);
    assert.deepEqual([timers.isActive("once"), timers.isActive("every")], [false, true]);
    timers.cancel("every");
    timers.cancel("unknown");
    await clock.advance(1_000);
    assert.equal(seen.length, 4);
  }));

Deno.test("G23: a timer set again replaces the earlier one", () =>
  withSystem(async (fixture) => {
    const seen: string[] = [];
    const { timers } = openActor<string>(fixture, seen).context;
    timers.after("key", 100, "first");
    timers.after("key", 200, "second");
    await fixture.clock.advance(1_000);
    assert.deepEqual(seen, ["second"]);
  }));

Deno.test("G23: a tick that waits is not delivered when its timer is cancelled or replaced", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const seen: string[] = [];
    system.spawn("actor", {
      init(context: ActorContext<string>) {
        for (const key of ["a", "b", "c"]) context.timers.after(key, 100, key);
        return undefined;
      },
      receive(state: undefined, message: string, context): undefined {
        seen.push(message);
        if (message !== "a") return state;
        context.timers.cancel("b");
        context.timers.after("c", 10, "c again");
        return state;
      },
    });
    clock.jump(100);
    await clock.advance(1_000);
    assert.deepEqual(seen, ["a", "c again"]);
    assert.deepEqual(deadLetters, []);
  }));

Deno.test("G23: a late actor skips ticks, it does not collect them", () =>
  withSystem(async (fixture) => {
    const { clock } = fixture;
    const seen: string[] = [];
    const { timers } = openActor<string>(fixture, seen).context;
    timers.every("every", 100, "tick");
    clock.jump(350);
    clock.jump(200);
    await clock.settle();
    assert.deepEqual(seen, ["tick"], "five periods in two goes are one tick");
    await clock.advance(50);
    assert.deepEqual(seen, ["tick", "tick"], "and the next is due where it always was");
  }));

Deno.test("G23: a timer refuses a time that makes no sense", () =>
  withSystem((fixture) => {
    const { timers } = openActor<string>(fixture, []).context;
    assert.throws(() => timers.after("key", Number.NaN, "never"), ActorError);
    assert.throws(() => timers.every("key", 0, "always"), ActorError);
  }));

Deno.test("ActorContext.pipeToSelf delivers what a task came to", () =>
  withSystem(async (fixture) => {
    const seen: string[] = [];
    const { context } = openActor<string>(fixture, seen);
    const map = { ok: (value: string) => value, error: (error: unknown) => `failed: ${error}` };
    context.pipeToSelf(() => Promise.resolve("value"), map);
    context.pipeToSelf(() => Promise.reject("rejected"), map);
    context.pipeToSelf(() => {
      throw new Error("thrown");
    }, map);
    await fixture.clock.settle();
    assert.deepEqual(seen.sort(), ["failed: Error: thrown", "failed: rejected", "value"]);
  }));

Deno.test("ActorContext.pipeToSelf with a key aborts the earlier task, which stays silent", () =>
  withSystem(async (fixture) => {
    const { clock, deadLetters } = fixture;
    const seen: string[] = [];
    const { context } = openActor<string>(fixture, seen);
    const signals: AbortSignal[] = [];
    const task = (value: string) => (signal: AbortSignal) => {
      signals.push(signal);
      return new Promise<string>((resolve) => clock.after(100, () => resolve(value)));
    };
    const map = { ok: (value: string) => value, error: String };
    for (const value of ["one", "two"]) context.pipeToSelf(task(value), map, { key: "key" });
    assert.deepEqual(signals.map(({ aborted }) => aborted), [true, false]);
    await clock.advance(100);
    assert.deepEqual(seen, ["two"]);
    context.pipeToSelf(task("three"), map, { key: "key" });
    context.cancelTask("key");
    await clock.advance(100);
    assert.deepEqual(seen, ["two"]);
    assert.deepEqual(deadLetters, []);
  }));

Deno.test("ActorContext.adapt translates in the actor's turn and counts in its mailbox", () =>
  withSystem(async (fixture) => {
    const seen: string[] = [];
    const { ref, context } = openActor<string>(fixture, seen, 2);
    const translated: number[] = [];
    const adapter = context.adapt((value: number) => (translated.push(value), `number ${value}`));
    assert.deepEqual([adapter.tell(1), ref.tell("a"), adapter.tell(2)], [
      "accepted",
      "accepted",
      "overflow",
    ]);
    assert.deepEqual(translated, []);
    await fixture.clock.settle();
    assert.deepEqual(seen, ["number 1", "a"]);
    assert.deepEqual(fixture.deadLetters.map(({ message }) => message), [2]);
  }));

Deno.test("systemClock waits longer than setTimeout can, and can be cancelled", () => {
  let fired = false;
  const cancel = systemClock.after(2 ** 40, () => fired = true);
  cancel();
  cancel();
  assert.equal(fired, false);
});
