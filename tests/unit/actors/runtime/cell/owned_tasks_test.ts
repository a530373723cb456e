import assert from "node:assert/strict";
import { openActor, withSystem } from "../fixture.ts";

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
