/**
 * When a supervisor restarts a child, after how long, and when it gives up. Pure calculations; they are
 * used by supervised_children.ts.
 *
 * @module
 */

import { ActorError } from "../errors.ts";
import type { Random } from "../random.ts";
import type { StopReason } from "../stop_reason.ts";
/**
 * Which ends of a child are followed by a restart, as in OTP.
 *
 * - `permanent`: every end.
 * - `transient`: failures only.
 * - `temporary`: none.
 */
export type RestartPolicy = "permanent" | "transient" | "temporary";

/** A bound on the number of restarts within some time. */
export interface RestartRate {
  /** Restarts allowed within the window; one more escalates. Default 5. */
  readonly maxRestarts: number;
  /** The length of the sliding window in milliseconds. Default 60 000. */
  readonly withinMs: number;
}

/** How many restarts a supervisor makes before it gives up and fails itself. */
export interface RestartIntensity extends RestartRate {
  /**
   * A second bound, over a longer time, for failures that are too slow to be a burst and never end:
   * say 30 within an hour. Default none: how many are bearable for long depends on the actor.
   */
  readonly sustained?: RestartRate;
}

/** How long a supervisor waits before a restart. */
export interface RestartBackoff {
  /** Before the first restart, in milliseconds. Default 100: long enough not to spin. */
  readonly initialMs: number;
  /** At most, in milliseconds. Default 30 000: an operator who fixed the cause does not wait long. */
  readonly maxMs: number;
  /** What each further restart multiplies the wait by. Default 2. */
  readonly factor: number;
  /**
   * Which part of the wait is random, 0 to 1. It only shortens, so `maxMs` holds. Default 0.2: a
   * fleet whose actors fail together must not come back together.
   */
  readonly jitter: number;
  /**
   * A child that ran this long, in milliseconds, starts again at `initialMs`. Default 60 000, the
   * window of the default intensity.
   */
  readonly resetAfterMs: number;
}

/**
 * 5 restarts within a minute. With the default back-off, a child that fails at once uses them up in
 * some 3 seconds. A restart of that child alone does not help then, so its supervisor fails.
 */
export const DEFAULT_RESTART_INTENSITY: RestartIntensity = { maxRestarts: 5, withinMs: 60_000 };

/** See {@linkcode RestartBackoff} for each value's reason. */
export const DEFAULT_RESTART_BACKOFF: RestartBackoff = {
  initialMs: 100,
  maxMs: 30_000,
  factor: 2,
  jitter: 0.2,
  resetAfterMs: 60_000,
};

/** Whether a child with this policy is restarted after an end for this reason. */
export function isRestarted(policy: RestartPolicy, reason: StopReason): boolean {
  switch (policy) {
    case "temporary":
      return false;
    case "transient":
      return reason.kind !== "normal";
    case "permanent":
      return true;
  }
}

/** The wait before restart number `attempt`, counted from 0, in milliseconds. */
export function backoffDelayMs(backoff: RestartBackoff, attempt: number, random: Random): number {
  // The power becomes infinite after a thousand attempts, and 0 times that is no number.
  if (backoff.initialMs === 0) return 0;
  const fullMs = Math.min(backoff.maxMs, backoff.initialMs * backoff.factor ** attempt);
  return fullMs * (1 - backoff.jitter * random.next());
}

/** Counts restarts in a sliding window. Holds at most `maxRestarts` times. */
class RestartWindow {
  readonly rate: RestartRate;
  #restartsAtMs: number[] = [];

  constructor(rate: RestartRate) {
    this.rate = rate;
  }

  /** Whether one more restart would exceed the rate. */
  isUsedUp(atMs: number): boolean {
    const oldestMs = atMs - this.rate.withinMs;
    this.#restartsAtMs = this.#restartsAtMs.filter((restartMs) => restartMs > oldestMs);
    return this.#restartsAtMs.length >= this.rate.maxRestarts;
  }

  record(atMs: number): void {
    this.#restartsAtMs.push(atMs);
  }
}

/** Counts restarts against an intensity: against its bound for bursts, and the sustained one. */
export class RestartCounter {
  readonly #windows: readonly RestartWindow[];

  constructor({ sustained, ...burst }: RestartIntensity) {
    const rates = sustained === undefined ? [burst] : [burst, sustained];
    this.#windows = rates.map((rate) => new RestartWindow(rate));
  }

  /** Records a restart. If it would be one too many, returns the bound that it would exceed instead. */
  record(atMs: number): RestartRate | undefined {
    // All of them are asked, because that also drops the times that have left their windows.
    const [usedUp] = this.#windows.filter((window) => window.isUsedUp(atMs));
    if (usedUp !== undefined) return usedUp.rate;
    for (const window of this.#windows) window.record(atMs);
    return undefined;
  }
}

/** Fills in the defaults and checks the ranges. */
export function restartSettings(
  intensity: Partial<RestartIntensity> = {},
  backoff: Partial<RestartBackoff> = {},
): { intensity: RestartIntensity; backoff: RestartBackoff } {
  const settings = {
    intensity: { ...DEFAULT_RESTART_INTENSITY, ...intensity },
    backoff: { ...DEFAULT_RESTART_BACKOFF, ...backoff },
  };
  const { maxRestarts, withinMs, sustained } = settings.intensity;
  const { initialMs, maxMs, factor, jitter, resetAfterMs } = settings.backoff;
  check("intensity.maxRestarts", maxRestarts, Number.isInteger(maxRestarts) && maxRestarts >= 0);
  check("intensity.withinMs", withinMs, withinMs > 0);
  if (sustained !== undefined) {
    const { maxRestarts: most, withinMs: forMs } = sustained;
    // A sustained rate that allows fewer restarts, or has a shorter window, would replace the other.
    const isWider = most > maxRestarts && forMs > withinMs;
    check("intensity.sustained.maxRestarts", most, Number.isInteger(most) && isWider);
    check("intensity.sustained.withinMs", forMs, forMs < Infinity);
  }
  check("backoff.initialMs", initialMs, initialMs >= 0 && initialMs < Infinity);
  check("backoff.maxMs", maxMs, maxMs >= initialMs && maxMs < Infinity);
  check("backoff.factor", factor, factor >= 1);
  check("backoff.jitter", jitter, jitter >= 0 && jitter <= 1);
  check("backoff.resetAfterMs", resetAfterMs, resetAfterMs >= 0);
  return settings;
}

function check(option: string, value: number, holds: boolean): void {
  if (holds) return;
  throw new ActorError(
    "invalid_option",
    `make a supervisor: ${option} is out of range, got ${value}; see its description`,
  );
}
