/**
 * Repeats what is harmless to repeat after a lost connection or an expired session.
 *
 * @module
 */

import { hasCode } from "../errors.ts";

/**
 * More than this many connections or sessions lost in a row is no accident; the caller should hear of it. There
 * is no pause between them: each attempt waits for the client's next connection, which has pauses.
 */
export const maxAttempts = 10;

/**
 * Runs `attempt` again, up to {@linkcode maxAttempts} times, while it fails with `CONNECTION_LOSS` or
 * `SESSION_EXPIRED`. It is told which attempt it is, from 1, since a later one must look whether an earlier one
 * happened. So what it makes must belong to no session, or it must look for what an earlier session left.
 */
export async function retry<T>(attempt: (number: number) => Promise<T>): Promise<T> {
  for (let number = 1;; number++) {
    try {
      return await attempt(number);
    } catch (error) {
      const again = hasCode(error, "CONNECTION_LOSS", "SESSION_EXPIRED");
      if (!again || number >= maxAttempts) throw error;
    }
  }
}
