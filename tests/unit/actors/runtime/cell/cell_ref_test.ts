import assert from "node:assert/strict";
import { type TellOutcome } from "../../../../../actors/runtime/mod.ts";
import { withSystem } from "../fixture.ts";

Deno.test("G3: tell never throws, whatever the actor, the listeners and the logger do", async () => {
  const bad = (): never => {
    throw new Error("bad");
  };
  const log = { debug: bad, info: bad, warn: bad, error: bad };
  await withSystem(async ({ system, clock }) => {
    system.deadLetters.subscribe(bad);
    const actor = system.spawn("actor", {
      init: () => 0,
      receive: (_: number, _m: string) => bad(),
    });
    const outcomes: TellOutcome[] = [actor.tell("one")];
    await clock.settle();
    outcomes.push(actor.tell("two"));
    const unborn = system.spawn("unborn", { init: bad, receive: (_: number, _m: string) => 0 });
    outcomes.push(unborn.tell("three"));
    assert.deepEqual(outcomes, ["accepted", "stopped", "stopped"]);
    assert.equal(system.deadLetters.total, 3);
  }, { log });
});
