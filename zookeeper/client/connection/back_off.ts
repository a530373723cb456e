/**
 * How long to wait before the next attempt to connect.
 *
 * @module
 */

import type { Random } from "../../random.ts";

/** After the first round of servers without success. */
const firstDelayMs = 100;

/**
 * The longest pause: far below a session time-out of 10 s, so that a session outlives an ensemble's
 * restart; long enough that a thousand hosts do not crush the server that comes back first.
 */
const longestDelayMs = 2_000;

/**
 * The pause before an attempt. The first round goes through all servers at once; then it doubles
 * with each round. A random half of it is left out, so that clients do not come in step.
 */
export function reconnectDelayMs(
  options: { failures: number; servers: number; random: Random },
): number {
  const round = Math.floor(options.failures / options.servers);
  if (round === 0) return 0;
  const delayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(round - 1, 20));
  return delayMs * (0.5 + options.random() / 2);
}
