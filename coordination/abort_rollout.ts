/**
 * Aborting a rollout: the admin box removes its waves and offers in one transaction.
 *
 * @module
 */

import {
  CONTROL,
  encodeEntry,
  EntryError,
  historyPath,
  SCHEMA_VERSION,
  servicePath,
  stagingPath,
  wavePath,
} from "../rollout/mod.ts";
import { hasCode, type MultiOperation, op, type ZooKeeper } from "../zookeeper/mod.ts";
import { readControlToChange } from "./control.ts";
import { readNodes } from "./entry_reader.ts";
import { multiClearing } from "./foreign_children.ts";
import { readRecord } from "./rollout_record.ts";
import { decodeService, newestRollout, readDeployQueue, RolloutError } from "./rollouts.ts";

/** Most withdrawn versions that a service keeps: a host may still run the version of a few rollouts ago, but not of a hundred. */
const WITHDRAWN_MAX = 100;

/**
 * Aborts the rollout that is under way: its waves and offers are removed in one transaction, its versions withdrawn where a
 * service had not finished, and control goes back to running. A host that holds a slot finishes or rolls back; no
 * other host goes down.
 *
 * It is the way out of a queue that nobody can read, so it needs no entry to be readable: a broken wave is removed as well, a
 * broken control entry is written anew, and a broken service keeps its entry.
 *
 * @returns The id of the rollout.
 * @throws {RolloutError} when none is under way.
 * @throws {EntryError} when a later version of this program has written the control node.
 */
export async function abortRollout(
  zk: ZooKeeper,
  abort: { readonly by: string; readonly nowMs: number },
): Promise<string> {
  const { waves } = await readDeployQueue(zk);
  if (waves.length === 0) throw new RolloutError("abort rollout: none is under way");
  const entries = waves.flatMap(({ entry }) => entry ?? []);
  const id = entries[0]?.rollout ?? await newestRollout(zk);
  const control = await readControlToChange(zk);
  const record = id === null ? null : await readRecord(zk, id);
  const operations: MultiOperation[] = [
    ...waves.map(({ name }) => op.delete(wavePath(name.node))),
    ...await withdrawOperations(
      zk,
      new Map(entries.map(({ service, version }) => [service, version])),
    ),
  ];
  if (id !== null && record !== null && record.entry.state === "running") {
    operations.push(op.set(
      historyPath(id),
      encodeEntry({ ...record.entry, state: "aborted", endedMs: abort.nowMs }),
      { version: record.znodeVersion },
    ));
  }
  operations.push(op.set(
    CONTROL,
    encodeEntry({
      schema: SCHEMA_VERSION,
      ...control.entry,
      state: "running",
      by: abort.by,
      reason: null,
      sinceMs: abort.nowMs,
    }),
    { version: control.znodeVersion },
  ));
  const name = id ?? "a rollout without a record";
  try {
    await multiClearing(zk, operations);
  } catch (error) {
    // The reply may have been lost after the transaction: then the rollout's record says that it is aborted.
    if (hasCode(error, "CONNECTION_LOSS", "OPERATION_TIMEOUT") && await isAborted(zk, id)) {
      return name;
    }
    if (!hasCode(error, "BAD_VERSION", "NO_NODE")) throw error;
    throw new RolloutError("abort rollout: it moved on meanwhile; nothing was written, try again", {
      cause: error,
    });
  }
  return name;
}

/** Withdraws the versions and removes the offers, by service. */
async function withdrawOperations(
  zk: ZooKeeper,
  versions: ReadonlyMap<string, string>,
): Promise<MultiOperation[]> {
  const names = [...versions.keys()];
  const nodes = await readNodes(zk, [
    ...names.map((name) => servicePath(name)),
    ...names.map((name) => stagingPath(name)),
  ]);
  return names.flatMap((name, index) => {
    const hasOffer = (nodes[names.length + index] ?? null) !== null;
    const offer = hasOffer ? [op.set(stagingPath(name), new Uint8Array(0))] : [];
    try {
      const service = decodeService(name, nodes[index] ?? null);
      const version = versions.get(name);
      if (service === null || version === undefined) return offer;
      const { entry, znodeVersion } = service;
      // The committed version is never withdrawn: a host that comes back would have no version to start.
      const withdrawn = entry.committed?.version === version
        ? entry.withdrawn
        : [...new Set([...entry.withdrawn, version])].slice(-WITHDRAWN_MAX);
      return [
        op.set(servicePath(name), encodeEntry({ ...entry, withdrawn }), { version: znodeVersion }),
        ...offer,
      ];
    } catch (error) {
      if (error instanceof EntryError) return offer;
      throw error;
    }
  });
}

async function isAborted(zk: ZooKeeper, id: string | null): Promise<boolean> {
  return id !== null && (await readRecord(zk, id))?.entry.state === "aborted";
}
