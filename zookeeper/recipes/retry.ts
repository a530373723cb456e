// Repeats what is harmless to repeat after a lost connection.
import { hasCode } from "../errors.ts";

/** More than this many connections lost in a row is no accident; the caller should hear of it. */
export const maxAttempts = 10;

/**
 * Runs `attempt` again, up to {@linkcode maxAttempts} times, while it fails with `CONNECTION_LOSS`. It is told
 * which attempt it is, from 1, since a later one must look whether an earlier one happened.
 */
export async function retried<T>(attempt: (number: number) => Promise<T>): Promise<T> {
  for (let number = 1;; number++) {
    try {
      return await attempt(number);
    } catch (error) {
      if (number >= maxAttempts || !hasCode(error, "CONNECTION_LOSS")) throw error;
    }
  }
}
