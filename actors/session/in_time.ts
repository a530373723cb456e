/**
 * A deadline for what an actor asks of ZooKeeper as a whole: a reading, or a change with all that it looks at before.
 *
 * @module
 */

import type { Clock } from "../runtime/mod.ts";

/** Something that was asked of ZooKeeper has not ended in time. Whether it will still happen is not known. */
export class OverdueError extends Error {
  /** Stable name of the error. */
  readonly code = "OVERDUE";
  override readonly name = "OverdueError";
}

/**
 * How long a reading or a change may take, ms. It takes milliseconds, and the client ends each of its requests by itself after
 * 15 s: this is four of them in a row, none of them answered.
 */
const IN_TIME_MS = 60_000;

/**
 * Waits for a reading or a change. An actor goes on only when it knows the outcome, so an outcome that does not come would
 * hold it up for ever, without a word.
 *
 * @param on.signal Ends the wait, and not what is waited for.
 * @throws {OverdueError} when it has not ended within a minute.
 */
export async function inTime<T>(
  work: Promise<T>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<T> {
  const overdue = Promise.withResolvers<never>();
  const cancel = clock.after(IN_TIME_MS, () => {
    overdue.reject(
      new OverdueError(
        `expected an outcome from ZooKeeper within ${
          IN_TIME_MS / 1_000
        } s, there is none; it is tried again`,
      ),
    );
  });
  const onAbort = () => overdue.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, overdue.promise]);
  } finally {
    cancel();
    signal.removeEventListener("abort", onAbort);
  }
}
