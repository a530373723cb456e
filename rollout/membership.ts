/**
 * Which hosts of the roster are part of the fleet's capacity, and which of them are to be counted on. A host that has never
 * served takes no capacity away, however long it fetches: it is a newcomer, until it serves for the first time. From then on it
 * is away whenever it does not serve, is in quarantine, or was drained by an operator.
 *
 * @module
 */

import type { Current, Roster } from "./entries.ts";
import { countsAsServing } from "./quarantine.ts";

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

/** Whether an operator has drained a host, and its agent has not put it back yet. */
export function isDrained(roster: Pick<Roster, "drained"> | null | undefined): boolean {
  return roster?.drained !== undefined;
}

/** Whether a host that registers with that entry serves for the first time. While it is drained, nobody begins to count on it. */
export function isFirstService(
  roster: Pick<Roster, "newcomer" | "drained">,
  { state }: Pick<Current, "state">,
): boolean {
  return isNewcomer(roster) && !isDrained(roster) && state === "serving";
}

/** Whether a host is to be counted on: one more is away when it goes down. By its entry, and by what stands on the roster. */
export function isCountedOn(
  entry: Pick<Current, "state" | "quarantined"> | null | undefined,
  roster: Pick<Roster, "newcomer" | "drained"> | null | undefined,
): boolean {
  return countsAsServing(entry ?? undefined) && !isNewcomer(roster) && !isDrained(roster);
}

/**
 * What stands on the roster of a host after it has registered with that entry: it has served for the first time, or its agent has
 * put it back (`isPutBack`) as an operator has said.
 *
 * @param how.countsAtOnce Whether a newcomer counts as soon as it serves. Default: it does. One that has joined the roster with a
 * service that ran may have been drained when it was taken off: where a hook can, its agent puts it back first.
 * @returns The same object if nothing changes.
 */
export function rosterOnceRegistered(
  roster: Roster,
  entry: Pick<Current, "state">,
  { isPutBack, countsAtOnce = true }: {
    readonly isPutBack: boolean;
    readonly countsAtOnce?: boolean;
  },
): Roster {
  const undrained = isPutBack && roster.drained?.ended !== undefined ? asUndrained(roster) : roster;
  const mayCount = isPutBack || countsAtOnce;
  return mayCount && isFirstService(undrained, entry) ? asMember(undrained) : undrained;
}

function asUndrained({ drained: _, ...roster }: Roster): Roster {
  return roster;
}
