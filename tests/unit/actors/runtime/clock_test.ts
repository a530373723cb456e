import assert from "node:assert/strict";
import { systemClock } from "../../../../actors/runtime/mod.ts";

Deno.test("systemClock waits longer than setTimeout can, and can be cancelled", () => {
  let fired = false;
  const cancel = systemClock.after(2 ** 40, () => fired = true);
  cancel();
  cancel();
  assert.equal(fired, false);
});
