/**
 * How long things take on the hosts of the benchmark: the same for all contenders, and short, so that what is measured is
 * not hidden by it.
 *
 * @module
 */

import type { Pace } from "../../../tests/simulation/fleet/pace.ts";

/** The restart of a service, in ms. */
export const RESTART = {
  /** From the order to end until it has ended. */
  stopMs: 10,
  /** Until its process runs. */
  spawnMs: 10,
  /** From then on until it can serve. */
  readyMs: 30,
  /** How often it is asked whether it serves. */
  healthIntervalMs: 10,
} as const;

/** The time that a restart takes, whoever makes it: from the order to end until the service can serve again, in ms. */
export const RESTART_MS = RESTART.stopMs + RESTART.spawnMs + RESTART.readyMs;

/** A fetch, in ms: long enough to see what a host says while it fetches. */
export const FETCH_MS = 2_000;

/** Over how long agents start, in ms per host: a fleet does not start within one moment. */
const BOOT_MS_PER_HOST = 5;

/** The pace of the machines of ours. */
export function paceOf(hostCount: number): Pace {
  return {
    bootMs: (random) => random.next() * BOOT_MS_PER_HOST * hostCount,
    restartMs: () => 1_000,
    fetchMs: () => FETCH_MS,
    torrentMs: () => 5,
    writeMs: () => 1,
    lockMs: () => 50,
    spawnMs: () => RESTART.spawnMs,
    readyMs: () => RESTART.readyMs,
    stopMs: () => RESTART.stopMs,
  };
}
