/**
 * Quarantine: a host whose service is started again too often is not to be counted on, also in the moments in which it serves.
 * It counts as away, takes part in no wave, and no wave waits for it beyond what may be away, until it has been well for a
 * while, or an operator says so. The host itself decides by its restarts (`actors/runner/flapping.ts`), and says so in its entry
 * and by a marker; an operator removes the marker. Pure.
 *
 * @module
 */

import type { Current } from "./entries.ts";

/** Whether a host counts as serving. */
export function countsAsServing(
  entry: Pick<Current, "state" | "quarantined"> | undefined,
): boolean {
  return entry?.state === "serving" && entry.quarantined === undefined;
}

/** Why a host is in quarantine, in words for an operator; `null` if it is in none. */
export function describeQuarantine(entry: Pick<Current, "quarantined"> | null): string | null {
  const quarantined = entry?.quarantined;
  return quarantined === undefined ? null : `quarantined: ${quarantined.reason}`;
}
