import assert from "node:assert/strict";
import { type ActorContext, ActorError } from "../../../../../actors/runtime/mod.ts";
import { openActor, withSystem } from "../fixture.ts";

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
