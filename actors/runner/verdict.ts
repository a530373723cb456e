/**
 * Whether a service counts as well: by its checks in a row, so that a single check that goes wrong, or right, decides nothing.
 * Pure.
 *
 * @module
 */

import type { HealthResult } from "../../host/mod.ts";

/** How many checks decide, as the config says. */
export interface HealthThresholds {
  /** Failed checks in a row after which a service that is well counts as unwell. */
  readonly failureThreshold: number;
  /** Passed checks in a row after which a service that is not well counts as well. */
  readonly successThreshold: number;
  /** How long it must have passed all of its checks besides, in ms. */
  readonly minHealthyTime: number;
}

/** The last checks of a process, as far as they had the same result. */
export interface CheckRow {
  readonly failures: number;
  readonly successes: number;
  /** When the first of the passed checks was made, on the monotonic clock; `null` if the last one has failed. */
  readonly passesSinceMs: number | null;
}

/** Of a process that was just started: nothing is known. */
export const NO_CHECKS: CheckRow = { failures: 0, successes: 0, passesSinceMs: null };

/**
 * Of a process that the agent has found running: it has passed for ever. Its first check alone decides, since the end of an
 * agent says nothing about the service, and a host that counts as away for that would hold up the fleet.
 */
export const FOUND_RUNNING: CheckRow = {
  failures: 0,
  successes: Number.MAX_SAFE_INTEGER,
  passesSinceMs: Number.NEGATIVE_INFINITY,
};

/** The row with one more check. */
export function withCheck(row: CheckRow, isPassed: boolean, nowMs: number): CheckRow {
  if (!isPassed) return { failures: row.failures + 1, successes: 0, passesSinceMs: null };
  return {
    failures: 0,
    successes: row.successes + 1,
    passesSinceMs: row.passesSinceMs ?? nowMs,
  };
}

/** What a check that was just made, and that the row includes, makes of the service's health. */
export function judge(
  health: HealthResult,
  check: HealthResult,
  { row, thresholds, nowMs }: {
    readonly row: CheckRow;
    readonly thresholds: HealthThresholds;
    readonly nowMs: number;
  },
): HealthResult {
  const { failureThreshold, successThreshold, minHealthyTime } = thresholds;
  if (!check.ok) return health.ok && row.failures < failureThreshold ? health : check;
  if (health.ok) return check;
  if (row.successes < successThreshold) {
    return notYet(`after ${successThreshold} passed checks in a row`);
  }
  const passesForMs = nowMs - (row.passesSinceMs ?? nowMs);
  return passesForMs < minHealthyTime
    ? notYet(`when it has for ${minHealthyTime / 1000} s`)
    : check;
}

function notYet(when: string): HealthResult {
  return { ok: false, reason: `passes its health check, and counts as well ${when}` };
}
