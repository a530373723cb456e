/**
 * Aborting a rollout: its waves and offers go, and its versions are withdrawn.
 *
 * @module
 */

import { controlAfterAbort } from "../control.ts";
import { encodeEntry, type Rollout, type Service, type Wave } from "../entries.ts";
import type { ReleaseIdentity } from "../release_identity.ts";
import type { Versioned } from "../reading/node.ts";
import { historyPath, type SequentialName, servicePath, stagingPath, wavePath } from "../tree.ts";
import type { Transaction, TreeOperation } from "./operation.ts";
import { setControl, type StandingControl } from "./set_control.ts";

/** Most withdrawn versions that a service keeps: a host may still run the version of a few rollouts ago, but not of a hundred. */
export const WITHDRAWN_MAX = 100;

/** A service with waves in the queue. */
export interface AbortedService {
  /** Its entry; `null` if there is none that can be read: it stays as it is. */
  readonly service: Versioned<Service> | null;
  /** Whether the node of the offer exists. */
  readonly hasOffer: boolean;
  /** The release on offer; `null` if there is none that can be read. */
  readonly offered: (ReleaseIdentity & { readonly version: string }) | null;
}

/** What an operator reads before a rollout is aborted. */
export interface AbortView {
  readonly control: StandingControl;
  /** The deploy queue; a wave that cannot be read has no entry. */
  readonly waves: readonly { readonly name: SequentialName; readonly entry: Wave | null }[];
  /** The services that the names of the waves say, by name. */
  readonly services: ReadonlyMap<string, AbortedService>;
  /** The record of the rollout; `null` if there is none that can be read. */
  readonly record: (Versioned<Rollout> & { readonly id: string }) | null;
}

/**
 * Removes the queue and the offers, withdraws the versions of the waves and those on offer where the service had not committed
 * them, ends the record, and lifts a halt; a pause stays. It is the way out of a queue that nobody can read, so it needs no
 * entry to be readable.
 */
export function abortRollout(
  { control, waves, services, record }: AbortView,
  { by, nowMs }: { readonly by: string; readonly nowMs: number },
): Transaction {
  const operations: TreeOperation[] = waves.map(({ name }) => ({
    op: "delete",
    path: wavePath(name.node),
  }));
  for (const [name, found] of services) {
    const versions = waves.flatMap(({ entry, name: { prefix } }) =>
      entry !== null && prefix === name ? [entry.version] : []
    );
    operations.push(...withdraw(name, found, versions));
  }
  if (record !== null && record.entry.state === "running") {
    operations.push({
      op: "set",
      path: historyPath(record.id),
      data: encodeEntry({ ...record.entry, state: "aborted", endedMs: nowMs }),
      version: record.znodeVersion,
    });
  }
  const word = { by, reason: null, sinceMs: nowMs };
  return [...operations, setControl(control, controlAfterAbort(control.entry, word))];
}

/**
 * Withdraws the versions of a service's waves, and the one on offer: a wave may be a stranger's, or may not be readable any
 * more; then the offer says what was being rolled out.
 */
export function withdraw(
  name: string,
  { service, hasOffer, offered }: AbortedService,
  versions: readonly string[],
): Transaction {
  const emptied: Transaction = hasOffer
    ? [{ op: "set", path: stagingPath(name), data: new Uint8Array(0) }]
    : [];
  if (service === null) return emptied;
  const { entry, znodeVersion } = service;
  const ended = [...versions, ...(offered === null ? [] : [offered.version])]
    // The committed version is never withdrawn: a host that comes back would have no version to start.
    .filter((version) => version !== entry.committed?.version);
  const withdrawn = [...new Set([...entry.withdrawn, ...ended])].slice(-WITHDRAWN_MAX);
  const withdrawnHashes = hashesOf(withdrawn, entry.withdrawnHashes ?? {}, offered);
  const left = new Set([...entry.abandoned ?? entry.withdrawn, ...ended]);
  const abandoned = withdrawn.filter((version) => left.has(version));
  const data = encodeEntry({ ...entry, withdrawn, abandoned, withdrawnHashes });
  return [{ op: "set", path: servicePath(name), data, version: znodeVersion }, ...emptied];
}

/** The info hashes of the withdrawn versions: those that were known before, and that of the release on offer. */
export function hashesOf(
  withdrawn: readonly string[],
  known: NonNullable<Service["withdrawnHashes"]>,
  offered: AbortedService["offered"],
): NonNullable<Service["withdrawnHashes"]> {
  const all = new Map(Object.entries(known));
  if (offered?.infoHash !== undefined) all.set(offered.version, offered.infoHash);
  return Object.fromEntries([...all].filter(([version]) => withdrawn.includes(version)));
}
