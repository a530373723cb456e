import assert from "node:assert/strict";
import { recorder, withSystem } from "../fixture.ts";

Deno.test("G5: every message is handled or a dead letter, and dead letters are counted", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const seen: string[] = [];
    const actor = system.spawn("actor", recorder(seen, { mailbox: { capacity: 4 } }));
    for (const message of ["a", "crash", "b", "c", "d"]) actor.tell(message);
    await clock.settle();
    actor.tell("e");
    assert.deepEqual(seen, ["a"]);
    const reasons = deadLetters.map(({ message, reason }) => `${message}: ${reason}`);
    assert.deepEqual(reasons, [
      "d: overflow",
      "crash: failed",
      "b: stopped",
      "c: stopped",
      "e: stopped",
    ]);
    assert.equal(system.deadLetters.total, 5);
    const { counts } = system.deadLetters;
    assert.deepEqual(counts, {
      overflow: 1,
      stopped: 3,
      failed: 1,
      stale: 0,
      late_answer: 0,
      invalid: 0,
    });
    assert.deepEqual(system.tree(), []);
  }));

Deno.test("G5: a dead letter listener that causes dead letters does not go on for ever", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const actor = system.spawn("actor", recorder<string>([]));
    system.stopActor(actor);
    await clock.settle();
    const unsubscribe = system.deadLetters.subscribe(() => void actor.tell("again"));
    actor.tell("once");
    unsubscribe();
    assert.equal(system.deadLetters.total, 102);
    assert.equal(deadLetters.length, 101);
  }));
