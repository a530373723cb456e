/**
 * Shuffles the list of servers, so that a thousand clients do not all begin with the first one.
 *
 * @module
 */

import type { Random } from "../../random.ts";

/** Returns a copy in random order (Fisher-Yates). */
export function shuffle<T>(items: readonly T[], random: Random): T[] {
  const result = [...items];
  for (let index = result.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    const item = result[index] as T;
    result[index] = result[other] as T;
    result[other] = item;
  }
  return result;
}
