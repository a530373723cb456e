/** How long a host has been trying to get a release ready, where it tries two in turn. */

import assert from "node:assert/strict";
import { takeAttempt } from "../../../../actors/upgrade_coordinator/preparation.ts";
import type { State } from "../../../../actors/upgrade_coordinator/state.ts";

Deno.test("takeAttempt: the time of a release goes on where the host has tried another one in between", () => {
  // Regression, found by the simulation: a host whose old version did not come up, and whose new one was never right, tried both in
  // turn for ever. Each time its deadline began anew, so the new one was never recorded as failed, and the wave stood still.
  const state = { attempt: null, attemptBefore: null } as unknown as State;
  const take = (version: string, nowMs: number) =>
    takeAttempt(state, { version, infoHash: null }, { nowMs, wallMs: nowMs }).sinceMs;
  assert.equal(take("v2", 0), 0);
  assert.equal(take("v1", 5), 5);
  // It is ready, and does not come up.
  state.attempt = null;
  assert.equal(take("v2", 30), 0);
  assert.equal(take("v1", 35), 35);
  assert.equal(take("v2", 60), 0);
  assert.equal(take("v1", 65), 35);
  // A third one takes the place of the one before.
  assert.equal(take("v3", 70), 70);
  assert.equal(take("v2", 75), 75);
});
