import assert from "node:assert/strict";
import { describeSeedGoal, isReached, parseSeedGoal } from "../../../../cli/fetch/seed_goal.ts";

Deno.test("parseSeedGoal: a ratio or a time, and when it is reached", () => {
  const so = { sentBytes: 300, totalBytes: 200, seedingMs: 9_999 };
  const ratio = parseSeedGoal("1.5");
  assert.equal(isReached(ratio, so), true);
  assert.equal(isReached(ratio, { ...so, sentBytes: 299 }), false);
  const time = parseSeedGoal("10s");
  assert.equal(isReached(time, so), false);
  assert.equal(isReached(time, { ...so, seedingMs: 10_000 }), true);
  assert.deepEqual([ratio, time].map(describeSeedGoal), [
    "until ratio 1.5",
    "until 10s have passed",
  ]);
  for (const text of ["", "-1", "2x", "often", "100001"]) {
    assert.throws(() => parseSeedGoal(text), /expected a ratio such as 2 or 1\.5/, text);
  }
});
