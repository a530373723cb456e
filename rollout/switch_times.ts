/**
 * How long switches have taken, as the history has measured them, for an estimate of the next ones. Pure.
 *
 * @module
 */

import type { RolloutEvent } from "./rollout_event.ts";

/** What was measured of the switches of one service. */
export interface SwitchTimes {
  /** How many switches. */
  readonly count: number;
  /** How long one of them has taken in the middle, without its bake time, in milliseconds. */
  readonly medianMs: number;
}

/**
 * Measures the switches that have succeeded, by service. The bake time is left out: it is the policy's, and another policy has
 * another one. Switches that failed say how long a failure takes, and where nothing ran before nothing was stopped.
 */
export function measureSwitches(events: Iterable<RolloutEvent>): Map<string, SwitchTimes> {
  const taken = new Map<string, number[]>();
  for (const event of events) {
    if (event.kind !== "switch" || event.outcome !== "switched") continue;
    const { service, from, steps } = event;
    if (from === null || steps.length === 0) continue;
    const tookMs = steps.filter(({ step }) => step !== "baking")
      .reduce((sum, step) => sum + step.tookMs, 0);
    const others = taken.get(service);
    if (others === undefined) taken.set(service, [tookMs]);
    else others.push(tookMs);
  }
  return new Map([...taken].map(([service, times]) => [service, {
    count: times.length,
    medianMs: times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0,
  }]));
}
