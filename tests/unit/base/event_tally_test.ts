import assert from "node:assert/strict";
import { EventTally } from "../../../base/event_tally.ts";
import { ManualClock } from "../../support/manual_clock.ts";

function setUp() {
  const clock = new ManualClock();
  const lines: string[] = [];
  const log = {
    warn: (message: string, properties: Record<string, unknown> = {}) =>
      void lines.push(message.replace(/\{(\w+)\}/g, (_, name) => `${properties[name]}`)),
  };
  const tally = new EventTally({ clock, log });
  return { clock, lines, tally };
}

Deno.test("EventTally: the first time is logged at once, the others are counted", () => {
  const { clock, lines, tally } = setUp();
  for (let time = 0; time < 1_000; time++) tally.note("full", "no room for {who}", { who: time });
  assert.deepEqual(lines, ["no room for 0"]);
  clock.advance(60_000);
  assert.deepEqual(lines, ["no room for 0", "the same 999 times more, lastly: no room for 999"]);
});

Deno.test("EventTally: after a quiet minute it is news again", () => {
  const { clock, lines, tally } = setUp();
  tally.note("full", "no room");
  clock.advance(60_000);
  assert.equal(clock.waiting, 0, "nothing is left to count");
  tally.note("full", "no room");
  assert.deepEqual(lines, ["no room", "no room"]);
});

Deno.test("EventTally: kinds are counted apart, and what is left is logged at the end", () => {
  const { clock, lines, tally } = setUp();
  tally.note("full", "no room");
  tally.note("slow", "too slow");
  tally.note("slow", "too slow");
  tally[Symbol.dispose]();
  assert.deepEqual(lines, ["no room", "too slow", "the same 1 times more, lastly: too slow"]);
  assert.equal(clock.waiting, 0);
});
