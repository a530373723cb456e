/** Tests of how long waves take together. */

import assert from "node:assert/strict";
import { totalTimeMs } from "../../../rollout/mod.ts";

Deno.test("totalTimeMs: one wave after the other, whatever service it is of", () => {
  const waves = [["A", 1], ["B", 2], ["A", 4]] as const;
  assert.equal(totalTimeMs(waves.map(([service, takesMs]) => ({ service, takesMs }))), 7);
  assert.equal(totalTimeMs([]), 0);
});

Deno.test("totalTimeMs: in a parallel rollout a service waits for those that it depends on alone", () => {
  assert.equal(
    totalTimeMs([
      { service: "A", after: [], takesMs: 10 },
      { service: "B", after: [], takesMs: 3 },
      { service: "B", after: [], takesMs: 4 },
      { service: "C", after: ["B"], takesMs: 5 },
    ]),
    12,
  );
});
