/**
 * Runs an actor's `onStop` within its deadline.
 *
 * @module
 */

import type { Cancel, Clock } from "./clock.ts";
import type { ActorLogger } from "./logger.ts";

/** What a clean-up needs. */
export interface CleanUpOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: ActorLogger;
  readonly deadlineMs: number;
  /** The actor's own `onStop`. */
  readonly run: () => void | Promise<void>;
  /** Called when it is over, or its deadline is: first of the two matters, the caller ignores the other. */
  readonly done: (late: boolean) => void;
}

/**
 * Runs it. Returns undefined if it is over already, and else the way to cancel its deadline. What
 * it throws or rejects with is logged: the actor ends all the same.
 */
export function cleanUp(options: CleanUpOptions): Cancel | undefined {
  const { path, clock, log, deadlineMs, run, done } = options;
  function failed(error: unknown): void {
    log.error("actor failed to clean up", { actor: path, error });
  }
  let cleaning: void | Promise<void>;
  try {
    cleaning = run();
  } catch (error) {
    failed(error);
    return undefined;
  }
  if (cleaning === undefined) return undefined;
  Promise.resolve(cleaning).catch(failed).then(() => done(false));
  return clock.schedule(deadlineMs, () => {
    log.error("actor abandoned: onStop missed its deadline", { actor: path, deadlineMs });
    done(true);
  });
}
