/**
 * The deadline of an actor's asynchronous `onStop`.
 *
 * @module
 */

import type { Cancel, Clock } from "../clock.ts";
import type { ActorLogger } from "../logger.ts";

/** What {@linkcode startStopDeadline} works with. */
export interface StopDeadlineOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: ActorLogger;
  readonly deadlineMs: number;
  /**
   * Called when `onStop` has settled, and called with `late` when the deadline has passed. It may be
   * called for both; the caller ignores the second call.
   */
  readonly done: (late: boolean) => void;
}

/**
 * Waits for the promise of an `onStop`, at most until its deadline. Returns the function that cancels
 * the deadline. A rejection is logged, and the actor ends all the same.
 */
export function startStopDeadline(cleaning: Promise<void>, options: StopDeadlineOptions): Cancel {
  const { path, clock, log, deadlineMs, done } = options;
  Promise.resolve(cleaning)
    .catch((error: unknown) => log.error("actor failed to clean up", { actor: path, error }))
    .then(() => done(false));
  return clock.after(deadlineMs, () => {
    log.error("actor abandoned: onStop missed its deadline", { actor: path, deadlineMs });
    done(true);
  });
}
