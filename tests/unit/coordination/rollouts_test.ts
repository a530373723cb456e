import assert from "node:assert/strict";
import { createRolloutId } from "../../../coordination/mod.ts";

Deno.test("createRolloutId: sorts by time, to the millisecond", () => {
  const ids = [999, 1_000, 1_001].map((nowMs) => createRolloutId(nowMs, () => 0.5));
  assert.deepEqual(ids.toSorted(), ids);
  assert.equal(new Set(ids).size, 3);
});
