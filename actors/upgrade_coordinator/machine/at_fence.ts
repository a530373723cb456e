/**
 * What a host does that has a slot and has not stopped its service yet. The slot was taken a while ago: the service had to
 * drain, and the agent may have been dead, or the machine paused, in between. Pure.
 *
 * @module
 */

import { type CensusReading, decideFence, isHeld, isSameSlot } from "../../../rollout/mod.ts";
import { type HostNow, isEntryTrue, isRegistered } from "./next.ts";
import { type Switch, toSlot } from "./switch.ts";

/** What to do. */
export type AtFence =
  /**
   * Give the slot back, and go on serving. `keepsSlot`: the service is down, and may be so by this switch, so the slot stands until
   * it serves, as any slot without a switch.
   */
  | { readonly kind: "turn_back"; readonly reason: string; readonly keepsSlot: boolean }
  /** It may not go on, but its service may be ending: wait until that is known. */
  | { readonly kind: "await_end"; readonly reason: string }
  /** Go on draining. */
  | { readonly kind: "drain" }
  /** The entry in the tree does not say what is true: wait until it is written. */
  | { readonly kind: "await_entry" }
  /**
   * Ask the tree whether the service may be stopped. `isDown`: the host is excused from the budget, so whether it is down has to
   * be checked right before.
   */
  | { readonly kind: "ask"; readonly isDown: boolean };

/** The input of {@link decideAtFence} about the switch. */
interface Drained {
  readonly change: Switch;
  readonly isDrained: boolean;
  /** Whether the service may still be ending that was told to by an earlier life of the agent: its grace is not over. */
  readonly mayBeEnding: boolean;
}

/** Decides what to do. */
export function decideAtFence(now: HostNow, reading: CensusReading, drained: Drained): AtFence {
  const { change, isDrained } = drained;
  if (!isRegistered(now, reading)) {
    return turnBack(now, reading, { ...drained, reason: "it is not registered under its name" });
  }
  const fence = decideFence(reading.census, {
    slot: toSlot(change, { host: now.host, ...now.identity }),
    waveNodes: reading.waves.map(({ node }) => node),
    committed: reading.service?.entry.committed ?? null,
  });
  if (!fence.stop) return turnBack(now, reading, { ...drained, reason: fence.reason });
  if (!isDrained) return { kind: "drain" };
  return isEntryTrue(now, reading)
    ? { kind: "ask", isDown: !now.isServing }
    : { kind: "await_entry" };
}

/** A slot that stands goes back only when the service is not down, or about to be, by the switch that it was taken for. */
function turnBack(
  { host, identity, isServing }: HostNow,
  { census }: CensusReading,
  { change, mayBeEnding, reason }: Drained & { readonly reason: string },
): AtFence {
  const standing = census.slots.get(host)?.slot;
  const isOwn = standing !== undefined && isHeld(standing) &&
    isSameSlot(standing, toSlot(change, { host, ...identity }));
  const isBound = isOwn && change.wasStopped === true;
  return isBound && mayBeEnding
    ? { kind: "await_end", reason }
    : { kind: "turn_back", reason, keepsSlot: isBound && !isServing };
}
