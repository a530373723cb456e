import assert from "node:assert/strict";
import {
  crashDelayMs,
  hangDelayMs,
  isSteady,
  isSteadyAfterHang,
} from "../../../../actors/runner/restart.ts";

Deno.test("crashDelayMs: doubles from 1 s to 30 s, and is spread by half", () => {
  const delays = [0, 1, 2, 3, 4, 5, 60].map((crashes) => crashDelayMs(crashes, 0));
  assert.deepEqual(delays, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  assert.deepEqual([crashDelayMs(0, 1), crashDelayMs(60, 1)], [1_500, 45_000]);
});

Deno.test("hangDelayMs: at once up to the time of the checks, then twice as long each time, with a bound", () => {
  const delays = (chance: number) =>
    [0, 1, 2, 3, 4, 60].map((hangs) => hangDelayMs({ checkedForMs: 30_000, hangs, chance }));
  assert.deepEqual(delays(0), [0, 30_000, 60_000, 120_000, 240_000, 600_000]);
  assert.deepEqual(delays(0.5), [15_000, 45_000, 75_000, 135_000, 255_000, 600_000]);
});

Deno.test("isSteadyAfterHang: only a rest longer than the longest wait begins anew", () => {
  assert.deepEqual([isSteady(59_999), isSteady(60_000)], [false, true]);
  assert.deepEqual([isSteadyAfterHang(1_799_999), isSteadyAfterHang(1_800_000)], [false, true]);
});
