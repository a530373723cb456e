/**
 * The end of a system in a test, and what must not be left after it.
 *
 * @module
 */

import type { ActorSystem } from "../system.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** A system and the clock that it runs on. */
interface Running {
  readonly system: ActorSystem;
  readonly clock: VirtualClock;
}

/** Virtual time in which a system must be able to stop, in milliseconds: an hour. */
export const STOP_WITHIN_MS = 3_600_000;

/** Stops a system, with that much virtual time for its clean-ups and their deadlines. */
export async function stopWithin({ system, clock }: Running, durationMs: number): Promise<void> {
  const stopped = system.stop();
  await clock.advance(durationMs);
  await stopped;
}

/**
 * Stops a system, with an hour of virtual time for it, and says that nothing is left: no actor, no
 * clean-up that had to be abandoned, no timer on the clock.
 *
 * @throws {Error} With what is left.
 */
export async function stopCleanly({ system, clock }: Running): Promise<void> {
  await stopWithin({ system, clock }, STOP_WITHIN_MS);
  const { actors, abandoned } = system.counters;
  const timers = clock.scheduledCount;
  if (actors === 0 && abandoned === 0 && timers === 0) return;
  throw new Error(
    `stop system ${system.name} cleanly: expected nothing to be left, there are ${actors} actors, ` +
      `${abandoned} abandoned clean-ups and ${timers} timers`,
  );
}
