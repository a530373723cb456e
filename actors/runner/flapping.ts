/**
 * When a service flaps: it is started again so often that its host is not to be counted on, also while it serves. Pure.
 *
 * @module
 */

/** The limits, as the config says. */
export interface FlappingLimits {
  /** Restarts that are too many, if there are more of them. */
  readonly restarts: number;
  /** Within which time, in ms. */
  readonly within: number;
  /** How long the service must have passed its checks without a break until it is over, in ms. */
  readonly wellFor: number;
}

/** Restarts on the monotonic clock: those that count still. At most one more than the limit. */
export type RestartTimes = readonly number[];

/** The restarts with one more. */
export function withRestart(
  times: RestartTimes,
  nowMs: number,
  { restarts, within }: FlappingLimits,
): RestartTimes {
  return [...times.filter((timeMs) => nowMs - timeMs < within), nowMs].slice(-restarts - 1);
}

/** Whether there were too many. */
export function isFlapping(times: RestartTimes, { restarts }: FlappingLimits): boolean {
  return times.length > restarts;
}

/** Whether a service that has flapped has come to rest. `passesSinceMs`: since when it passes its checks; `null`: it does not. */
export function isAtRest(
  passesSinceMs: number | null,
  nowMs: number,
  { wellFor }: FlappingLimits,
): boolean {
  return passesSinceMs !== null && nowMs - passesSinceMs >= wellFor;
}
