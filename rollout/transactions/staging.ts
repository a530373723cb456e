/**
 * A host's place in the staging queue: taking one, and leaving it.
 *
 * @module
 */

import { encodeEntry, SCHEMA_VERSION } from "../entries.ts";
import type { ReleaseIdentity } from "../release_identity.ts";
import { stagingPath, stagingPrefix } from "../tree.ts";
import { checkEpoch, type HostWrite, writeEntry } from "./host_entry.ts";
import type { Transaction } from "./operation.ts";

/** A release that a host is ready to switch to. */
export interface ReadyRelease extends ReleaseIdentity {
  /** The version. */
  readonly version: string;
}

/** A place that the host has in the queue already. */
export interface StandingPlace {
  /** Name of the node. */
  readonly node: string;
  /** Whether it is of the host's present session, and for the release that it has staged. */
  readonly isGood: boolean;
}

/**
 * Leaves the host in the queue exactly once, and says so in its entry and by its markers: places of an earlier session, for
 * another release, or doubled by a lost reply go, and there is a new one unless a good one stands.
 *
 * @returns The transaction, and the good place; `null`: its last operation makes one.
 */
export function joinStaging(
  service: string,
  join: HostWrite & {
    readonly release: ReadyRelease;
    readonly places: readonly StandingPlace[];
  },
): { readonly operations: Transaction; readonly node: string | null } {
  const { entry: { host }, epoch, release: { version, infoHash }, places } = join;
  const good = places.find(({ isGood }) => isGood) ?? null;
  const removed = places.filter((place) => place !== good).map(({ node }) => node);
  const operations: Transaction = [
    checkEpoch(service, { host, epoch }),
    ...writeEntry(service, join),
    ...leaveStaging(service, removed),
  ];
  if (good !== null) return { operations, node: good.node };
  const data = encodeEntry({ schema: SCHEMA_VERSION, host, version, infoHash });
  const path = stagingPrefix(service, host);
  return {
    operations: [...operations, { op: "create", path, data, mode: "ephemeral_sequential" }],
    node: null,
  };
}

/** Removes places from the queue, by the names of their nodes. */
export function leaveStaging(service: string, nodes: readonly string[]): Transaction {
  return nodes.map((node) => ({ op: "delete", path: stagingPath(service, node) }));
}
