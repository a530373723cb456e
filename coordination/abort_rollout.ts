/**
 * Aborting a rollout: the admin box removes its waves and offers in one transaction.
 *
 * @module
 */

import {
  CONTROL,
  DEPLOY,
  encodeEntry,
  historyPath,
  rolloutSchema,
  servicePath,
  stagingPath,
  wavePath,
  waveSchema,
} from "../rollout/mod.ts";
import { hasCode, type MultiOperation, op, type ZooKeeper } from "../zookeeper/mod.ts";
import { readControl } from "./control.ts";
import { decodeNode, readChildren, readNodes } from "./entry_reader.ts";
import { activeRollout, readServices, RolloutError } from "./rollouts.ts";

/** Most withdrawn versions that a service keeps: a host may still run the version of a few rollouts ago, but not of a hundred. */
const WITHDRAWN_MAX = 100;

/**
 * Aborts the rollout that is under way: its waves and offers are removed in one transaction, its versions withdrawn where a
 * service had not finished, and control goes back to running. A host that holds a slot finishes or rolls back; no
 * other host goes down.
 *
 * @returns The id of the rollout.
 * @throws {RolloutError} when none is under way.
 */
export async function abortRollout(
  zk: ZooKeeper,
  abort: { readonly by: string; readonly nowMs: number },
): Promise<string> {
  const id = await activeRollout(zk);
  const [queue = []] = await readChildren(zk, [DEPLOY]);
  if (id === null || queue.length === 0) throw new RolloutError("abort rollout: none is under way");
  const control = await readControl(zk);
  const waves = await readNodes(zk, queue.map(wavePath));
  const versions = new Map<string, string>();
  const operations: MultiOperation[] = [];
  queue.forEach((node, index) => {
    const wave = decodeNode(waveSchema, waves[index] ?? null, wavePath(node));
    if (wave === null) return;
    versions.set(wave.entry.service, wave.entry.version);
    operations.push(op.delete(wavePath(node)));
  });
  for (const [name, { entry, znodeVersion }] of await readServices(zk, [...versions.keys()])) {
    const version = versions.get(name);
    if (version === undefined) continue;
    // The committed version is never withdrawn: a host that comes back would have no version to start.
    const withdrawn = entry.committed?.version === version
      ? entry.withdrawn
      : [...new Set([...entry.withdrawn, version])].slice(-WITHDRAWN_MAX);
    operations.push(
      op.set(servicePath(name), encodeEntry({ ...entry, withdrawn }), { version: znodeVersion }),
      op.set(stagingPath(name), new Uint8Array(0)),
    );
  }
  const [raw = null] = await readNodes(zk, [historyPath(id)]);
  const record = decodeNode(rolloutSchema, raw, historyPath(id));
  if (record !== null) {
    operations.push(op.set(
      historyPath(id),
      encodeEntry({ ...record.entry, state: "aborted", endedMs: abort.nowMs }),
      { version: record.znodeVersion },
    ));
  }
  operations.push(op.set(
    CONTROL,
    encodeEntry({
      ...control.entry,
      state: "running",
      by: abort.by,
      reason: null,
      sinceMs: abort.nowMs,
    }),
    { version: control.znodeVersion },
  ));
  try {
    await zk.multi(operations);
  } catch (error) {
    // The reply may have been lost after the transaction: then the rollout's record says that it is aborted.
    if (hasCode(error, "CONNECTION_LOSS", "OPERATION_TIMEOUT") && await isAborted(zk, id)) {
      return id;
    }
    if (!hasCode(error, "BAD_VERSION", "NO_NODE")) throw error;
    throw new RolloutError("abort rollout: it moved on meanwhile; nothing was written, try again", {
      cause: error,
    });
  }
  return id;
}

async function isAborted(zk: ZooKeeper, id: string): Promise<boolean> {
  const [raw = null] = await readNodes(zk, [historyPath(id)]);
  return decodeNode(rolloutSchema, raw, historyPath(id))?.entry.state === "aborted";
}
