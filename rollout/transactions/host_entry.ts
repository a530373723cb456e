/**
 * A host's own entry among the current hosts: registering it, and writing it.
 *
 * Every write of a host checks its epoch, the version of its entry on the roster, which each registration moves on. Who is
 * away is what admissions depend on: so a write with which a host begins to count as serving, or stops to, moves the
 * admission counter on (invariant I1).
 *
 * @module
 */

import { type Current, encodeEntry, type Roster, type Slot } from "../entries.ts";
import { currentPath, servicePath, slotsPath } from "../tree.ts";
import { bumpCounter } from "./counter.ts";
import type { Transaction, TreeOperation } from "./operation.ts";

/** What a host writes. */
export interface HostWrite {
  readonly entry: Current;
  /** The epoch of its registration. */
  readonly epoch: number;
}

/** Refuses a write from before the host's present registration, or from before it was taken off the roster. */
export function checkEpoch(
  service: string,
  { host, epoch }: { readonly host: string; readonly epoch: number },
): TreeOperation {
  return { op: "check", path: servicePath(service, host), version: epoch };
}

/** Puts a host on the roster for the first time. One host more shares the budget: who decided without it decides again. */
export function joinRoster(
  service: string,
  { host, roster }: { readonly host: string; readonly roster: Roster },
): Transaction {
  return [
    { op: "create", path: servicePath(service, host), data: encodeEntry(roster) },
    bumpCounter(service),
  ];
}

/** Begins a new epoch of a host that is on the roster. It may have moved to another rack since. */
export function renewRoster(
  service: string,
  { host, roster }: { readonly host: string; readonly roster: Roster },
): Transaction {
  return [{ op: "set", path: servicePath(service, host), data: encodeEntry(roster) }];
}

/**
 * Registers a host that has no entry. It moves the counter on also if the host is down: the end of a session moves nothing on, so
 * who has read that the host serves would else not notice that it says by now that it is down.
 */
export function registerHost(service: string, { entry, epoch }: HostWrite): Transaction {
  return [
    checkEpoch(service, { host: entry.host, epoch }),
    {
      op: "create",
      path: currentPath(service, entry.host),
      data: encodeEntry(entry),
      mode: "ephemeral",
    },
    bumpCounter(service),
  ];
}

/** Registers a host anew over the entry of the same session. `version`: of the entry's node, as it was read. */
export function registerAgain(
  service: string,
  { entry, epoch, version }: HostWrite & { readonly version: number },
): Transaction {
  return [
    checkEpoch(service, { host: entry.host, epoch }),
    { op: "set", path: currentPath(service, entry.host), data: encodeEntry(entry), version },
    bumpCounter(service),
  ];
}

/** Removes the entry that an earlier session has left. `version`: of its node, as it was read. */
export function removeGhost(
  service: string,
  { host, version }: { readonly host: string; readonly version: number },
): Transaction {
  return [{ op: "delete", path: currentPath(service, host), version }];
}

/**
 * Writes a host's entry, and the slot that it holds with its present step, which is for others to read.
 *
 * No late request of an agent that is dead gets into the host's next slot, since its epoch is over; and the requests of one
 * session keep their order. A holder of a slot counts as away already: nobody has to decide again when it goes down.
 *
 * @param write.said The state that the present entry is known to have, `null` if that is not known.
 */
export function writeHost(
  service: string,
  write: HostWrite & {
    readonly said: Current["state"] | null;
    /** Default: the slot stays as it is. */
    readonly slot?: Slot | null;
  },
): Transaction {
  const { entry, epoch, said, slot = null } = write;
  const { host } = entry;
  const isGoingDown = slot !== null && said === "serving" && entry.state === "down";
  return [
    checkEpoch(service, { host, epoch }),
    { op: "set", path: currentPath(service, host), data: encodeEntry(entry) },
    ...(slot === null
      ? []
      : [{ op: "set", path: slotsPath(service, host), data: encodeEntry(slot) } as const]),
    ...(said === entry.state || isGoingDown ? [] : [bumpCounter(service)]),
  ];
}
