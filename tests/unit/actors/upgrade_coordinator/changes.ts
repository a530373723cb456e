/**
 * A switch that the tests begin with.
 *
 * @module
 */

import type { Switch } from "../../../../actors/upgrade_coordinator/machine/switch.ts";

/** From v1 to v2, in a wave, with a trial that no test waits for. */
export const CHANGE: Switch = {
  from: "v1",
  to: "v2",
  step: "draining",
  sinceMs: 5,
  hasSlot: true,
  wave: "web-0000000001",
  reason: null,
  restarts: 0,
  trial: { bakeMs: 7, health: { deadlineMs: 8, intervalMs: 9, successes: 3 } },
};
