import assert from "node:assert/strict";
import {
  isAtRest,
  isFlapping,
  type RestartTimes,
  withRestart,
} from "../../../../actors/runner/flapping.ts";

const LIMITS = { restarts: 2, within: 60_000, wellFor: 30_000 };

function after(...timesMs: readonly number[]): RestartTimes {
  return timesMs.reduce<RestartTimes>((times, atMs) => withRestart(times, atMs, LIMITS), []);
}

Deno.test("isFlapping: more restarts than the limit, within the time", () => {
  assert.equal(isFlapping(after(0, 1_000), LIMITS), false);
  assert.equal(isFlapping(after(0, 1_000, 59_999), LIMITS), true);
  assert.equal(isFlapping(after(0, 1_000, 60_000), LIMITS), false);
  assert.equal(isFlapping(after(0, 50_000, 100_000, 105_000), LIMITS), true);
});

Deno.test("withRestart: keeps no more than decide", () => {
  const many = after(...Array.from({ length: 1_000 }, (_, index) => index));
  assert.deepEqual(many, [997, 998, 999]);
});

Deno.test("isAtRest: when the service has passed its checks for long enough", () => {
  assert.equal(isAtRest(null, 100_000, LIMITS), false);
  assert.equal(isAtRest(80_000, 100_000, LIMITS), false);
  assert.equal(isAtRest(70_000, 100_000, LIMITS), true);
});
