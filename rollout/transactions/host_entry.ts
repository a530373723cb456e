/**
 * A host's own entry among the current hosts: registering it, and writing it, with the markers by which the host is counted.
 *
 * Every write of a host checks its epoch, the version of its entry on the roster, which each registration moves on. Who is
 * away is what admissions depend on: so a write with which a host begins to count as serving, or stops to, moves the
 * admission counter on (invariant I1).
 *
 * @module
 */

import { type Current, encodeEntry, type Roster, type Slot } from "../entries.ts";
import type { MarkerChange } from "../markers.ts";
import { asNewcomer, isNewcomer, rosterOnceRegistered } from "../membership.ts";
import {
  currentPath,
  newcomersPath,
  quarantinedPath,
  readyPath,
  servicePath,
  servingPath,
  slotsPath,
} from "../tree.ts";
import { bumpCounter } from "./counter.ts";
import type { Transaction, TreeOperation } from "./operation.ts";

/** What a host writes. */
export interface HostWrite {
  readonly entry: Current;
  /** The epoch of its registration. */
  readonly epoch: number;
  readonly markers: MarkerChange;
}

/** Refuses a write from before the host's present registration, or from before it was taken off the roster. */
export function checkEpoch(
  service: string,
  { host, epoch }: { readonly host: string; readonly epoch: number },
): TreeOperation {
  return { op: "check", path: servicePath(service, host), version: epoch };
}

/** Puts a host on the roster for the first time, as one that has never served. Who decided without it decides again. */
export function joinRoster(
  service: string,
  { host, roster }: { readonly host: string; readonly roster: Roster },
): Transaction {
  return [
    { op: "create", path: servicePath(service, host), data: encodeEntry(asNewcomer(roster)) },
    { op: "create", path: newcomersPath(service, host), data: new Uint8Array(0) },
    bumpCounter(service),
  ];
}

/** Nodes by which a host is counted: those that stand and should not, and those that should. */
export interface PlaceChange {
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

/**
 * Begins a new epoch of a host that is on the roster. It may have moved to another rack since.
 *
 * @param member.places Where it is counted by rack and site, if that changes. Default: it does not.
 * @param member.version The version of the entry that was read: what somebody else has written since is not lost.
 */
export function renewRoster(
  service: string,
  { host, roster, version, places = { removed: [], added: [] } }: {
    readonly host: string;
    readonly roster: Roster;
    readonly version: number;
    readonly places?: PlaceChange;
  },
): Transaction {
  const { removed, added } = places;
  return [
    { op: "set", path: servicePath(service, host), data: encodeEntry(roster), version },
    ...removed.map((path) => ({ op: "delete", path }) as const),
    ...createPersistent(added),
    ...(removed.length + added.length === 0 ? [] : [bumpCounter(service)]),
  ];
}

function createPersistent(paths: readonly string[]): TreeOperation[] {
  return paths.map((path) => ({ op: "create", path, data: new Uint8Array(0) }));
}

/** The entry of the host that was found when it registers. */
export interface StandingEntry {
  /** The version of its node. */
  readonly version: number;
  /** Whether it ends with the present session. */
  readonly isOfSession: boolean;
}

/**
 * Registers a host: with an entry of the present session in place of one of an earlier session, if there is one, and with
 * markers of the present session alone. All of that at once, so that nobody finds the host away in between. It moves the
 * counter on also if the host is down: the end of a session moves nothing on, so who has read that the host serves would else
 * not notice that it says by now that it is down.
 *
 * A newcomer that serves is none any more, and a host that is put back not drained: what stands of it on the roster is written
 * in place of the check of the epoch, which moves that on by one.
 *
 * @param write.roster What stands on the roster of the host.
 * @param write.unplaced The nodes that are missing by which it is counted in its rack and site once it has served.
 * @param write.isPutBack Whether its agent has put it back that was drained. Default: it has not.
 * @param write.countsAtOnce As for {@linkcode rosterOnceRegistered}.
 * @param write.isMarkedNew Whether it is among those that are counted as newcomers.
 * @param write.markers `standing` are those of any session.
 * @param write.standing The entry that was found; `null` if there is none. It must stand as it was read: of two machines that
 * start at once under one name one is refused.
 */
export function registerHost(
  service: string,
  write: HostWrite & {
    readonly standing: StandingEntry | null;
    readonly roster: Roster;
    readonly isMarkedNew: boolean;
    readonly isPutBack?: boolean;
    readonly countsAtOnce?: boolean;
    readonly unplaced: readonly string[];
  },
): Transaction {
  const { entry, epoch, standing, roster, isMarkedNew, unplaced, markers } = write;
  const { isPutBack = false, countsAtOnce = true } = write;
  const { host } = entry;
  const path = currentPath(service, host);
  const data = encodeEntry(entry);
  const isKept = standing?.isOfSession ?? false;
  const registered = rosterOnceRegistered(roster, entry, { isPutBack, countsAtOnce });
  const isFirst = isNewcomer(roster) && !isNewcomer(registered);
  return [
    registered === roster ? checkEpoch(service, { host, epoch }) : {
      op: "set",
      path: servicePath(service, host),
      data: encodeEntry(registered),
      version: epoch,
    },
    ...(isFirst ? createPersistent(unplaced) : []),
    // Also if it stands and should not: the entry on the roster decides.
    ...(isMarkedNew && (isFirst || !isNewcomer(roster))
      ? [{ op: "delete", path: newcomersPath(service, host) } as const]
      : []),
    ...(standing === null || isKept
      ? []
      : [{ op: "delete", path, version: standing.version } as const]),
    standing !== null && isKept
      ? { op: "set", path, data, version: standing.version }
      : { op: "create", path, data, mode: "ephemeral" },
    ...removeMarkers(markers.standing),
    ...createMarkers(markers.wanted),
    bumpCounter(service),
  ];
}

/**
 * Writes a host's entry and its markers, and the slot that it holds with its present step, which is for others to read.
 *
 * No late request of an agent that is dead gets into the host's next slot, since its epoch is over; and the requests of one
 * session keep their order. A holder of a slot counts as away already: nobody has to decide again when it goes down.
 */
export function writeHost(
  service: string,
  write: HostWrite & {
    /** Default: the slot stays as it is. */
    readonly slot?: Slot | null;
    /** The tally of the wave for which the host has got further with its preparation. Default: it has not. */
    readonly preparedFor?: string | null;
  },
): Transaction {
  const { entry, epoch, slot = null, preparedFor = null, markers } = write;
  const { host } = entry;
  const serving = servingPath(service, host);
  const [was, is] = [markers.standing.has(serving), markers.wanted.has(serving)];
  const quarantined = quarantinedPath(service, host);
  // Who is in quarantine may not be admitted, whether it serves or not.
  const isOtherwise = markers.standing.has(quarantined) !== markers.wanted.has(quarantined);
  const isCounted = isOtherwise || was !== is && !(slot !== null && was);
  return [
    checkEpoch(service, { host, epoch }),
    ...writeEntry(service, write),
    ...(slot === null
      ? []
      : [{ op: "set", path: slotsPath(service, host), data: encodeEntry(slot) } as const]),
    ...(isCounted ? [bumpCounter(service)] : []),
    ...(preparedFor === null ? [] : [countProgress(service, preparedFor)]),
  ];
}

/** Moves a wave's tally on, so that everybody sees from afar that a host gets further. Nobody is woken by it. */
function countProgress(service: string, tally: string): TreeOperation {
  return { op: "set", path: readyPath(service, tally), data: new Uint8Array(0) };
}

/** The operations that write an entry that stands, and change its markers. */
export function writeEntry(
  service: string,
  { entry, markers }: Pick<HostWrite, "entry" | "markers">,
): Transaction {
  const { standing, wanted } = markers;
  return [
    { op: "set", path: currentPath(service, entry.host), data: encodeEntry(entry) },
    ...removeMarkers(standing.difference(wanted)),
    ...createMarkers(wanted.difference(standing)),
  ];
}

function removeMarkers(paths: ReadonlySet<string>): TreeOperation[] {
  return [...paths].map((path) => ({ op: "delete", path }));
}

function createMarkers(paths: ReadonlySet<string>): TreeOperation[] {
  return [...paths].map((path) => ({
    op: "create",
    path,
    data: new Uint8Array(0),
    mode: "ephemeral",
  }));
}
