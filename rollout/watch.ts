/**
 * How long a new version is watched after its switch: one that crashes or turns unwell while the rollout that has brought it is
 * under way has failed, also after its bake time. Pure.
 *
 * @module
 */

import type { CensusReading } from "./reading/census_reading.ts";
import { isSameRelease, type ReleaseIdentity } from "./release_identity.ts";

/**
 * Whether what happens to this release on a host is a failure of the rollout: that has brought it, in place of another one, and
 * is under way, and the host has not run it for longer than the policy says. Who ran it before the rollout came is watched as
 * well: it is the version that is being rolled out.
 *
 * @param ranMs How long the host has run it, as far as its agent knows.
 */
export function isWatched(
  { queue, offer, census }: Pick<CensusReading, "queue" | "offer" | "census">,
  release: ReleaseIdentity,
  ranMs: number,
): boolean {
  if (queue.length === 0 || offer === null || !isSameRelease(offer, release)) return false;
  const newest = census.control?.rollout;
  if (newest !== undefined && newest !== offer.rollout) return false;
  const { replaces = null } = offer;
  if (replaces !== null && isSameRelease(replaces, release)) return false;
  return ranMs <= (census.policy.watchMs ?? Number.POSITIVE_INFINITY);
}
