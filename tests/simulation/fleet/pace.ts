/**
 * How long things take on a simulated machine.
 *
 * @module
 */

import type { RandomStream } from "./random.ts";

/** Draws how long something takes once, in ms. */
type Draw = (random: RandomStream) => number;

/** How long things take, each time anew. */
export interface Pace {
  /** From power to the agent's start. */
  readonly bootMs: Draw;
  /** From the end of an agent to the start of the next one. */
  readonly restartMs: Draw;
  /** A fetch of a release. */
  readonly fetchMs: Draw;
  /** A fetch of a .torrent. */
  readonly torrentMs: Draw;
  /** A change on the disk that waits for the disk. */
  readonly writeMs: Draw;
  /** Locking a release in memory. */
  readonly lockMs: Draw;
  /** Starting a process. */
  readonly spawnMs: Draw;
  /** From the start of a service until it can serve. */
  readonly readyMs: Draw;
  /** From the order to end until a service has ended. */
  readonly stopMs: Draw;
}

/** The pace of the runs that look for violations: anything from a moment to seconds. */
export const ANY_PACE: Pace = {
  bootMs: (random) => random.spread(100, 3_000),
  restartMs: (random) => random.spread(50, 3_000),
  fetchMs: (random) => random.spread(20, 1_500),
  torrentMs: (random) => 1 + random.next() * 5,
  writeMs: (random) => 0.2 + random.next() * 3,
  lockMs: (random) => random.spread(5, 500),
  spawnMs: (random) => 5 + random.next() * 100,
  readyMs: (random) => random.spread(10, 1_000),
  stopMs: (random) => random.spread(5, 500),
};
