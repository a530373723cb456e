/** Tests of what the history says on how long switches take. */

import assert from "node:assert/strict";
import { measureSwitches, type RolloutEvent, type SwitchEvent } from "../../../rollout/mod.ts";

function switched(tookMs: number, changes: Partial<SwitchEvent> = {}): RolloutEvent {
  return {
    schema: 1,
    kind: "switch",
    service: "A",
    host: "web-1",
    from: "1",
    to: "2",
    outcome: "switched",
    reason: null,
    steps: [{ step: "stopping", tookMs }, { step: "baking", tookMs: 60_000 }],
    ...changes,
  };
}

Deno.test("measureSwitches: the middle one of those that succeeded, by service, without their bake time", () => {
  const measured = measureSwitches([
    switched(9_000),
    switched(100),
    switched(200),
    switched(7, { service: "B" }),
    switched(1, { outcome: "failed", reason: "no" }),
    switched(1, { from: null }),
    // A failure without a switch has no steps, and neither has a switch of which nothing is known.
    switched(1, { steps: [] }),
    { schema: 1, kind: "order", order: "pause", by: "ann", reason: null },
  ]);
  assert.deepEqual(Object.fromEntries(measured), {
    A: { count: 3, medianMs: 200 },
    B: { count: 1, medianMs: 7 },
  });
});
