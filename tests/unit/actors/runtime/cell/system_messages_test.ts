import assert from "node:assert/strict";
import { recorder, withSystem } from "../fixture.ts";

Deno.test("G6: system messages overtake waiting messages and need no room", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const log: string[] = [];
    const watched = system.spawn("watched", recorder<string>([]));
    const actor = system.spawn("actor", {
      mailbox: { capacity: 3 },
      init: (context) => (context.watch(watched), 0),
      receive: (state: number, message: string) => (log.push(message), state),
      onSignal: (state, signal) => (log.push(signal.type), state),
    });
    system.stopActor(watched);
    await Promise.resolve();
    for (const message of ["a", "b", "c", "d"]) actor.tell(message);
    await clock.settle();
    assert.deepEqual(log, ["terminated", "a", "b", "c"]);
    // The stop overtakes as well: what waits is not handled any more.
    actor.tell("e");
    system.stopActor(actor);
    assert.equal(actor.tell("f"), "stopped");
    await clock.settle();
    assert.deepEqual(log.slice(4), []);
    assert.deepEqual(deadLetters.map(({ message }) => message), ["d", "f", "e"]);
  }));
