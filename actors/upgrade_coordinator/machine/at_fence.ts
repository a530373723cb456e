/**
 * What a host does that has a slot and has not stopped its service yet. The slot was taken a while ago: the service had to
 * drain, and the agent may have been dead, or the machine paused, in between. Pure.
 *
 * @module
 */

import { type CensusReading, decideFence } from "../../../rollout/mod.ts";
import { type HostNow, isEntryTrue, isRegistered } from "./next.ts";
import { type Switch, toSlot } from "./switch.ts";

/** What to do. */
export type AtFence =
  /** Give the slot back, and go on serving. */
  | { readonly kind: "turn_back"; readonly reason: string }
  /** Go on draining. */
  | { readonly kind: "drain" }
  /** The entry in the tree does not say what is true: wait until it is written. */
  | { readonly kind: "await_entry" }
  /**
   * Ask the tree whether the service may be stopped. `isDown`: the host is excused from the budget, so whether it is down has to
   * be checked right before.
   */
  | { readonly kind: "ask"; readonly isDown: boolean };

/** Decides what to do. */
export function decideAtFence(
  now: HostNow,
  reading: CensusReading,
  { change, isDrained }: { readonly change: Switch; readonly isDrained: boolean },
): AtFence {
  if (!isRegistered(now, reading)) {
    return { kind: "turn_back", reason: "it is not registered under its name" };
  }
  const fence = decideFence(reading.census, {
    slot: toSlot(change, { host: now.host, ...now.identity }),
    waveNodes: reading.waves.map(({ node }) => node),
    committed: reading.service?.entry.committed ?? null,
  });
  if (!fence.stop) return { kind: "turn_back", reason: fence.reason };
  if (!isDrained) return { kind: "drain" };
  return isEntryTrue(now, reading)
    ? { kind: "ask", isDown: !now.isServing }
    : { kind: "await_entry" };
}
