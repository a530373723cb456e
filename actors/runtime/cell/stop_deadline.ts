/**
 * Waits for an actor's `onStop` to come to its end, within its deadline.
 *
 * @module
 */

import type { Cancel, Clock } from "../clock.ts";
import type { ActorLogger } from "../logger.ts";

/** What waiting needs. */
export interface StopDeadlineOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: ActorLogger;
  readonly deadlineMs: number;
  /** Called when it is over, or its deadline is: first of the two matters, the caller ignores the other. */
  readonly done: (late: boolean) => void;
}

/**
 * Waits. Returns the way to cancel the deadline. What `onStop` rejects with is logged: the actor ends
 * all the same.
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
