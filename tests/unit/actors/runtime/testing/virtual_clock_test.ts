import assert from "node:assert/strict";
import { withSystem } from "../fixture.ts";

Deno.test("VirtualClock.advanceUntil goes from moment to moment, and no further than it was told", () =>
  withSystem(async ({ system, clock }) => {
    let ticks = 0;
    system.spawn<number, string>("metronome", {
      init: (context) => (context.timers.every("tick", 10, "tick"), 0),
      receive: (state) => (ticks++, state),
    });
    assert.equal(await clock.advanceUntil(() => ticks === 3, { withinMs: 100 }), true);
    assert.equal(clock.nowMs(), 30);
    assert.equal(await clock.advanceUntil(() => ticks === 9, { withinMs: 25 }), false);
    assert.equal(ticks, 5);
    assert.equal(clock.nowMs(), 55);
    assert.equal(await clock.advanceUntil(() => true, { withinMs: 100 }), true);
    assert.equal(clock.nowMs(), 55);
  }));
