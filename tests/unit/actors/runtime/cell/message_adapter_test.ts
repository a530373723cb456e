import assert from "node:assert/strict";
import { openActor, withSystem } from "../fixture.ts";

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
