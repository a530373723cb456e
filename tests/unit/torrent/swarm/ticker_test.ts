/** The seconds of a transfer, whatever its clock does. */

import assert from "node:assert/strict";
import { Ticker } from "../../../../torrent/swarm/ticker.ts";
import { ManualClock } from "../../../support/manual_clock.ts";

Deno.test("Ticker: counts seconds until it is stopped, and a jump of the clock as one", async () => {
  const clock = new ManualClock();
  const stop = new AbortController();
  const ticker = new Ticker(clock, stop.signal);
  const seconds: number[] = [];
  ticker.start((length) => void seconds.push(length));
  await clock.advanceSettled(3000);
  assert.equal(ticker.tick, 3);
  assert.deepEqual(seconds.splice(0), [1, 1, 1]);
  clock.jump(3_600_000);
  await clock.advanceSettled(0);
  assert.equal(ticker.tick, 4);
  assert.deepEqual(seconds.splice(0), [3], "an hour makes no strange rate");
  stop.abort();
  await ticker.ended();
  assert.equal(clock.waiting, 0);
  await clock.advanceSettled(5000);
  assert.equal(ticker.tick, 4);
});
