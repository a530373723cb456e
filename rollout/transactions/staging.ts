/**
 * A host's place in the staging queue: taking one, and leaving it.
 *
 * @module
 */

import { encodeEntry, SCHEMA_VERSION } from "../entries.ts";
import type { ReleaseIdentity } from "../release_identity.ts";
import { stagingPath, stagingPrefix } from "../tree.ts";
import type { Transaction, TreeOperation } from "./operation.ts";

/** A host, and the release that it is ready to switch to. */
export interface ReadyHost extends ReleaseIdentity {
  /** Its name. */
  readonly host: string;
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
 * Leaves the host in the queue exactly once: places of an earlier session, for another release, or doubled by a lost reply
 * go, and there is a new one unless a good one stands.
 *
 * @returns The transaction, which may have nothing to do, and the good place; `null`: the last operation makes it.
 */
export function joinStaging(
  service: string,
  { host, version, infoHash, standing }: ReadyHost & {
    readonly standing: readonly StandingPlace[];
  },
): { readonly operations: Transaction; readonly node: string | null } {
  const good = standing.find(({ isGood }) => isGood) ?? null;
  const removed = standing.filter((place) => place !== good).map(({ node }) => node);
  const entry = encodeEntry({ schema: SCHEMA_VERSION, host, version, infoHash });
  const created: TreeOperation = {
    op: "create",
    path: stagingPrefix(service, host),
    data: entry,
    mode: "ephemeral_sequential",
  };
  return {
    operations: [...leaveStaging(service, removed), ...(good === null ? [created] : [])],
    node: good?.node ?? null,
  };
}

/** Removes places from the queue, by the names of their nodes. */
export function leaveStaging(service: string, nodes: readonly string[]): Transaction {
  return nodes.map((node) => ({ op: "delete", path: stagingPath(service, node) }));
}
