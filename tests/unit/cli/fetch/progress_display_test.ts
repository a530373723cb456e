import assert from "node:assert/strict";
import { lineGate } from "../../../../cli/fetch/progress_display.ts";
import { view } from "./progress_fixtures.ts";

Deno.test("lineGate: a new phase or trouble at once, mere progress every 15 s", () => {
  let nowMs = 0;
  const isDue = lineGate(() => nowMs);
  assert.equal(isDue(view), true);
  nowMs = 14_999;
  assert.equal(isDue(view), false);
  assert.equal(isDue({ ...view, obstacle: "no peers" }), true);
  nowMs = 20_000;
  assert.equal(isDue({ ...view, obstacle: "no peers" }), false);
  assert.equal(isDue({ ...view, phase: "verifying" }), true);
  nowMs = 35_000;
  assert.equal(isDue({ ...view, phase: "verifying" }), true);
});
