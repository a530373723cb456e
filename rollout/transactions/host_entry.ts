/**
 * A host's own entry among the current hosts: registering it, and writing it.
 *
 * Every write of a host checks its epoch, the version of its entry on the roster, which each registration moves on. Who is
 * away is what admissions depend on: so a write with which a host begins to count as serving, or stops to, moves the
 * admission counter on (invariant I1).
 *
 * @module
 */

import { type Current, encodeEntry, type Roster } from "../entries.ts";
import { currentPath, servicePath } from "../tree.ts";
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

/** Registers a host that has no entry. One that is down was away before, and changes nothing for others. */
export function registerHost(service: string, { entry, epoch }: HostWrite): Transaction {
  return [
    checkEpoch(service, { host: entry.host, epoch }),
    {
      op: "create",
      path: currentPath(service, entry.host),
      data: encodeEntry(entry),
      mode: "ephemeral",
    },
    ...(entry.state === "serving" ? [bumpCounter(service)] : []),
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

/** Writes a host's entry. `said`: the state that the present entry is known to have, `null` if that is not known. */
export function writeHost(
  service: string,
  { entry, epoch, said }: HostWrite & { readonly said: Current["state"] | null },
): Transaction {
  return [
    checkEpoch(service, { host: entry.host, epoch }),
    { op: "set", path: currentPath(service, entry.host), data: encodeEntry(entry) },
    ...(said === entry.state ? [] : [bumpCounter(service)]),
  ];
}
