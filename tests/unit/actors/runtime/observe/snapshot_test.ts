import assert from "node:assert/strict";
import { Observer } from "../../../../../actors/runtime/mod.ts";
import { recorder, withSystem } from "../fixture.ts";

Deno.test("G33: the tree shows what a definition says of its state, whatever that throws", () =>
  withSystem(async ({ system, clock }) => {
    const summarize = (handled: number) => {
      if (handled > 1) throw new Error("too much to say");
      return { handled };
    };
    const actor = system.spawn("actor", recorder<string>([], { summarize }));
    system.spawn("silent", recorder<string>([]));
    const summaries = () => system.tree().map(({ summary }) => summary);
    assert.deepEqual(summaries(), [{ handled: 0 }, null]);
    actor.tell("a");
    await clock.settle();
    assert.deepEqual(summaries(), [{ handled: 1 }, null]);
    actor.tell("b");
    await clock.settle();
    assert.deepEqual(summaries(), [{ error: "Error: too much to say" }, null]);
    assert.equal(system.counters.failures, 0);
  }));

Deno.test("G33: an observer says what each actor did since it looked last", () =>
  withSystem(async ({ system, clock }) => {
    const observer = new Observer(system);
    const actor = system.spawn("actor", recorder<string>([]));
    const rates = () => observer.look().map(({ handledPerSecond }) => handledPerSecond);
    assert.deepEqual(rates(), [null]);
    for (let count = 0; count < 10; count++) actor.tell("a");
    await clock.advance(2_000);
    assert.deepEqual(rates(), [5]);
    await clock.advance(1_000);
    assert.deepEqual(rates(), [0]);
    assert.deepEqual(new Observer(system).look().map((one) => one.handledPerSecond), [null]);
  }));
