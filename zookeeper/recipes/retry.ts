/**
 * Repeats a call that is harmless to repeat after a lost connection or an expired session.
 *
 * @module
 */

import { hasCode } from "../errors.ts";

/**
 * Attempts before the failure reaches the caller. There is no pause between them: each attempt waits for the client's
 * next connection, and the client pauses between its attempts to connect.
 */
export const maxAttempts = 10;

/**
 * Runs `attempt` again, up to {@linkcode maxAttempts} times, while it fails with `CONNECTION_LOSS` or
 * `SESSION_EXPIRED`. It gets the number of the attempt, from 1, since a later attempt may have to look whether an
 * earlier one succeeded.
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
