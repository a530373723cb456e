/**
 * Quarantine: a host whose service is started again too often is not to be counted on, also in the moments in which it serves.
 * It counts as away, takes part in no wave, and no wave waits for it beyond what may be away, until it has been well for a
 * while, an operator says so, or its version is rolled back. The host itself decides by its restarts
 * (`actors/runner/flapping.ts`), and says so in its entry and by a marker; an operator removes the marker. Pure.
 *
 * @module
 */

import type { Current, Service } from "./entries.ts";

/** Whether a host counts as serving. */
export function countsAsServing(
  entry: Pick<Current, "state" | "quarantined"> | undefined,
): boolean {
  return entry?.state === "serving" && entry.quarantined === undefined;
}

/**
 * Whether a quarantine is over because of what the fleet has decided: the version that flaps was rolled back, and the host would
 * else stay on it for good, since in quarantine it goes along with nobody. A version that an abort has left behind stays.
 */
export function isQuarantineOutdated(
  own: Pick<Current, "quarantined" | "version"> | null,
  { withdrawn, abandoned = withdrawn }: Pick<Service, "withdrawn" | "abandoned">,
): boolean {
  if (own?.quarantined === undefined || own.version === null) return false;
  return withdrawn.includes(own.version) && !abandoned.includes(own.version);
}

/** Why a host is in quarantine, in words for an operator; `null` if it is in none. */
export function describeQuarantine(entry: Pick<Current, "quarantined"> | null): string | null {
  const quarantined = entry?.quarantined;
  return quarantined === undefined ? null : `quarantined: ${quarantined.reason}`;
}
