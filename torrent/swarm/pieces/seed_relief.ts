/**
 * When to leave a peer alone that had everything from the start: whatever others can bring as well is
 * taken from them, so that the origin's link carries each piece about once, and first what nobody has
 * (the idea of super-seeding, BEP 16, on the side of those who ask). Pure.
 */

import { type Distance, isWithin } from "../../../base/locality.ts";

/** What is looked at of a peer. */
export interface Feeder {
  /** It had everything when it joined. */
  readonly isOrigin: boolean;
  readonly isStalled: boolean;
  readonly distance: Distance;
  readonly outstanding: { readonly count: number };
  /** Averaged over the last seconds. */
  readonly bytesPerSecond: number;
  /** The most that it has brought, slowly forgotten. */
  readonly bestBytesPerSecond: number;
}

/** With less than this part of what the origin has shown, the others are no replacement for it. */
const ENOUGH = 0.5;

/** So many seconds the others must have had something to show before their rate means anything. */
const TRIAL_TICKS = 3;

/**
 * Whether peers that stand no farther away than the origin keep us fed without it. `commonTicks`: for
 * how many seconds all that is left could have been had from others.
 */
export function isFedByOthers(
  origin: Feeder,
  peers: Iterable<Feeder>,
  commonTicks: number,
): boolean {
  let isFlowing = false;
  let bytesPerSecond = 0;
  for (const peer of peers) {
    if (peer.isOrigin || peer.isStalled || !isWithin(origin.distance, peer.distance)) continue;
    if (peer.outstanding.count > 0) isFlowing = true;
    bytesPerSecond += peer.bytesPerSecond;
  }
  if (!isFlowing) return false;
  return commonTicks < TRIAL_TICKS || bytesPerSecond >= ENOUGH * origin.bestBytesPerSecond;
}
