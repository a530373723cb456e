/**
 * Markers: small ephemeral nodes by which hosts are counted, so that nobody has to read all of them. A host is in `serving`
 * while it serves, unless nobody counts on it (`membership.ts`), and in the same way in `area_serving` of its rack and its
 * site; of each wave that covers it, in `ready` while it has the version staged or runs it, and in `done` while it serves it.
 * One in quarantine is in `quarantined` alone. They change in the same transaction as the host's entry, and end with the same
 * session: so the number of children says what the entries say.
 *
 * @module
 */

import { areaMarkers } from "./areas.ts";
import type { Current, Roster } from "./entries.ts";
import { isCountedOn } from "./membership.ts";
import { isSameRelease, type ReleaseIdentity } from "./release_identity.ts";
import { donePath, quarantinedPath, readyPath, servingPath } from "./tree.ts";

/** A wave that covers the host. */
export interface CountedWave extends ReleaseIdentity {
  /** Under which name its hosts are counted. */
  readonly tally: string;
}

/** The markers of a host, by their paths: those that stand, and those that should. */
export interface MarkerChange {
  readonly standing: ReadonlySet<string>;
  readonly wanted: ReadonlySet<string>;
}

/** The markers that a host should have, by what its entry says. `staged`: the release that it is ready to switch to. */
export function markersOf(
  entry: Pick<Current, "host" | "site" | "rack" | "version" | "infoHash" | "state" | "quarantined">,
  { service, roster, waves, staged }: {
    readonly service: string;
    /** What stands of it on the roster; `null`: that is not known yet. */
    readonly roster: Pick<Roster, "newcomer" | "drained"> | null;
    readonly waves: readonly CountedWave[];
    readonly staged: ReleaseIdentity | null;
  },
): Set<string> {
  const { host, state } = entry;
  // It is counted as nothing else.
  if (entry.quarantined !== undefined) return new Set([quarantinedPath(service, host)]);
  const markers = new Set<string>();
  if (isCountedOn(entry, roster)) {
    markers.add(servingPath(service, host));
    for (const path of areaMarkers(service, host, entry)) markers.add(path);
  }
  for (const wave of waves) {
    const isRunning = isSameRelease(wave, entry);
    const isStaged = staged !== null && isSameRelease(wave, staged);
    if (isRunning || isStaged) markers.add(readyPath(service, wave.tally, host));
    if (isRunning && state === "serving") markers.add(donePath(service, wave.tally, host));
  }
  return markers;
}
