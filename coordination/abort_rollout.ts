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
import { type RawNode, readNodes } from "./entry_reader.ts";
import { multiClearing } from "./foreign_children.ts";
import { readRecord } from "./rollout_record.ts";
import { decodeService, newestRollout, readDeployQueue, RolloutError } from "./rollouts.ts";
import { decodeOffer } from "./service_view.ts";

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
  const control = await readControlToChange(zk);
  const { id, record } = await findRollout(zk, entries);
  const operations: MultiOperation[] = [
    ...waves.map(({ name }) => op.delete(wavePath(name.node))),
    ...await withdrawOperations(
      zk,
      new Map(
        waves.map(({ name: { prefix } }): [string, string[]] => [
          prefix,
          entries.filter(({ service }) => service === prefix).map(({ version }) => version),
        ]),
      ),
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

/**
 * The rollout that is under way: the newest one, if its record says that it runs. Waves alone do not tell, since the first of
 * them may be a stranger's. If no record helps, it is that of the first wave.
 */
async function findRollout(
  zk: ZooKeeper,
  waves: readonly { readonly rollout: string }[],
): Promise<{ id: string | null; record: Awaited<ReturnType<typeof readRecord>> }> {
  const newest = await newestRollout(zk);
  const record = newest === null ? null : await readRecord(zk, newest);
  if (record?.entry.state === "running") return { id: newest, record };
  const id = waves[0]?.rollout ?? newest;
  return { id, record: id === null ? null : await readRecord(zk, id) };
}

/**
 * Withdraws the versions of the waves and those on offer, and removes the offers, by service. A wave may be a stranger's, or
 * may not be readable any more; then the offer says what was being rolled out.
 */
async function withdrawOperations(
  zk: ZooKeeper,
  versions: ReadonlyMap<string, readonly string[]>,
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
      if (service === null) return offer;
      const { entry, znodeVersion } = service;
      const offered = offeredVersion(name, nodes[names.length + index] ?? null);
      const ended = [...versions.get(name) ?? [], ...offered]
        // The committed version is never withdrawn: a host that comes back would have no version to start.
        .filter((version) => version !== entry.committed?.version);
      const withdrawn = [...new Set([...entry.withdrawn, ...ended])].slice(-WITHDRAWN_MAX);
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

/** The version on offer, if there is one that can be read. */
function offeredVersion(service: string, node: RawNode): string[] {
  try {
    const offer = decodeOffer(node, service);
    return offer === null ? [] : [offer.version];
  } catch (error) {
    if (error instanceof EntryError) return [];
    throw error;
  }
}

async function isAborted(zk: ZooKeeper, id: string | null): Promise<boolean> {
  return id !== null && (await readRecord(zk, id))?.entry.state === "aborted";
}
