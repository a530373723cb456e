/**
 * When to leave a seed alone: whatever other leechers can bring as well is taken from them, so that the link of the
 * first seed carries each piece about once, and first the pieces that nobody else has. This is the idea of
 * super-seeding (BEP 16) on the side of the downloaders. Pure.
 */

import { isWithin } from "../../../base/locality.ts";
import type { RequestTarget } from "./request_target.ts";

/** Others that bring less than this part of the seed's best rate are no replacement for it. */
const SUFFICIENT_PART = 0.5;

/** For this many seconds others must have had every missing piece before their rate is judged: it takes time to rise. */
const TRIAL_TICKS = 3;

/** What of a peer the decision depends on. */
export type RatedTarget =
  & Pick<
    RequestTarget,
    "joinedAsSeed" | "isStalled" | "distance" | "bytesPerSecond" | "bestBytesPerSecond"
  >
  & { readonly outstanding: { readonly count: number } };

/**
 * Whether leechers that are no farther away than the seed keep us supplied without it. `commonTicks`: for how many
 * seconds every missing piece could have been had from leechers.
 */
export function isFedByOthers(
  seed: RatedTarget,
  peers: Iterable<RatedTarget>,
  commonTicks: number,
): boolean {
  let isFlowing = false;
  let bytesPerSecond = 0;
  for (const peer of peers) {
    if (peer.joinedAsSeed || peer.isStalled || !isWithin(seed.distance, peer.distance)) continue;
    if (peer.outstanding.count > 0) isFlowing = true;
    bytesPerSecond += peer.bytesPerSecond;
  }
  if (!isFlowing) return false;
  return commonTicks < TRIAL_TICKS || bytesPerSecond >= SUFFICIENT_PART * seed.bestBytesPerSecond;
}
