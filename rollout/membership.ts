/**
 * Which hosts of the roster are part of the fleet's capacity. A host that has never served takes none away, however long it
 * fetches: it is a newcomer, until it serves for the first time. From then on it is away whenever it does not serve.
 *
 * @module
 */

import type { Current, Roster } from "./entries.ts";

/** How many hosts can be away: those of the roster that have served. */
export function memberCountOf(
  { rosterCount, newcomerCount }: { readonly rosterCount: number; readonly newcomerCount: number },
): number {
  return Math.max(0, rosterCount - newcomerCount);
}

/** What stands on the roster of a host that joins it: nobody counts on it yet. */
export function asNewcomer(roster: Roster): Roster {
  return { ...roster, newcomer: true };
}

/** The same host once it has served. */
export function asMember({ newcomer: _, ...roster }: Roster): Roster {
  return roster;
}

/** Whether a host has never served. One of which nothing can be read has: nobody goes down because of it. */
export function isNewcomer(roster: Pick<Roster, "newcomer"> | null | undefined): boolean {
  return roster?.newcomer === true;
}

/** Whether a host that registers with that entry serves for the first time. */
export function isFirstService(
  roster: Pick<Roster, "newcomer">,
  { state }: Pick<Current, "state">,
): boolean {
  return isNewcomer(roster) && state === "serving";
}
