/** Tests of durations as people write them. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { durationSchema, formatDurationMs, parseDurationMs } from "../../../rollout/mod.ts";

Deno.test("parseDurationMs: every unit, fractions, blanks around", () => {
  assert.equal(parseDurationMs("500ms"), 500);
  assert.equal(parseDurationMs("30s"), 30_000);
  assert.equal(parseDurationMs("1.5m"), 90_000);
  assert.equal(parseDurationMs("2h"), 7_200_000);
  assert.equal(parseDurationMs(" 5s "), 5_000);
  assert.equal(parseDurationMs("0s"), 0);
  assert.equal(parseDurationMs("0.0001s"), 0);
});

Deno.test("parseDurationMs: null for what is no duration", () => {
  for (
    const text of ["", "5", "s", "-5s", "5 s", "1e3s", ".5s", "5.s", "5d", "5sm", "5S", "NaNs"]
  ) {
    assert.equal(parseDurationMs(text), null, text);
  }
});

Deno.test("formatDurationMs: the largest unit that is exact", () => {
  assert.equal(formatDurationMs(0), "0ms");
  assert.equal(formatDurationMs(1_500), "1500ms");
  assert.equal(formatDurationMs(90_000), "90s");
  assert.equal(formatDurationMs(3_600_000), "1h");
});

Deno.test("formatDurationMs: parseDurationMs reads it back", () => {
  fc.assert(fc.property(fc.nat(), (ms) => parseDurationMs(formatDurationMs(ms)) === ms));
});

Deno.test("durationSchema: milliseconds, or a message with examples", () => {
  assert.equal(durationSchema.parse("5m"), 300_000);
  const result = durationSchema.safeParse("soon");
  assert.equal(
    result.error?.issues[0]?.message,
    'expected a duration such as 500ms, 30s, 5m or 2h, was "soon"',
  );
});

Deno.test("parseDurationMs: no longer than a year, whatever the number of digits", () => {
  assert.equal(parseDurationMs("8760h"), 365 * 24 * 3_600_000);
  for (const text of ["8761h", "99999999999999999999h", `${"9".repeat(400)}ms`]) {
    assert.equal(parseDurationMs(text), null, text.slice(0, 20));
  }
});
