/**
 * How long the client waits before its next attempt to connect.
 *
 * @module
 */

import type { Random } from "../../random.ts";

/** The pause after the first round of attempts in which no server answered, in ms. */
const firstDelayMs = 100;

/**
 * The longest pause, in ms: far below a session time-out of 10 s, so that a session outlives an ensemble's restart, and
 * long enough that a thousand hosts do not overload the server that comes back first.
 */
const longestDelayMs = 2_000;

/**
 * Returns the pause before the next attempt, in ms. There is none in the first round through all servers; then it doubles
 * with each round. Half of it is random, so that clients do not reconnect in step.
 */
export function reconnectDelayMs(
  options: { failures: number; servers: number; random: Random },
): number {
  const round = Math.floor(options.failures / options.servers);
  if (round === 0) return 0;
  const delayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(round - 1, 20));
  return delayMs * (0.5 + options.random() / 2);
}
