/**
 * Stops a system in a test, and checks that nothing is left of it.
 *
 * @module
 */

import type { ActorSystem } from "../system.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** A system, and the virtual clock that it runs on. */
export interface VirtualSystem {
  /** The system. */
  readonly system: ActorSystem;
  /** The clock that the system was made with. */
  readonly clock: VirtualClock;
}

/** Virtual time within which a system must stop, in milliseconds: an hour. */
export const STOP_WITHIN_MS = 3_600_000;

/** Stops a system, and lets that much virtual time pass for its deadlines. */
export async function stopWithin(
  { system, clock }: VirtualSystem,
  durationMs: number,
): Promise<void> {
  const stopped = system.stop();
  await clock.advance(durationMs);
  await stopped;
}

/**
 * Stops a system within an hour of virtual time, and checks that nothing is left: no actor, no
 * `onStop` that missed its deadline, no timer on the clock.
 *
 * @throws {Error} With what is left.
 */
export async function stopCleanly({ system, clock }: VirtualSystem): Promise<void> {
  await stopWithin({ system, clock }, STOP_WITHIN_MS);
  const { actors, abandoned } = system.counters;
  const timers = clock.scheduledCount;
  if (actors === 0 && abandoned === 0 && timers === 0) return;
  throw new Error(
    `stop system ${system.name} cleanly: expected nothing to be left, there are ${actors} actors, ` +
      `${abandoned} abandoned clean-ups and ${timers} timers`,
  );
}
