/**
 * Aborting a rollout: the admin box removes its waves and offers in one transaction.
 *
 * @module
 */

import {
  controlAfterAbort,
  decodeOffer,
  decodeService,
  type RawNode,
  RolloutError,
  ROOT,
  servicePath,
  stagingPath,
  transactions,
} from "../rollout/mod.ts";
import { hasCode, type ZooKeeper } from "../zookeeper/mod.ts";
import { apply, isUnknown } from "./apply.ts";
import { type ControlOutcome, readControlToChange } from "./control.ts";
import { ifReadable, readNodes } from "./entry_reader.ts";
import { tellOrder } from "./history.ts";
import { readRecord } from "./rollout_record.ts";
import { newestRollout, readDeployQueue } from "./rollouts.ts";

/**
 * Aborts the rollout that is under way: its waves and offers are removed in one transaction, its versions withdrawn where a
 * service had not finished, and a halt is lifted; a pause stays. A host that holds a slot finishes or rolls back; no
 * other host goes down.
 *
 * It is the way out of a queue that nobody can read, so it needs no entry to be readable: a broken wave is removed as well, a
 * broken control entry is written anew, and a broken service keeps its entry.
 *
 * @returns The id of the rollout, and what has become of the control node.
 * @throws {RolloutError} when none is under way.
 * @throws {EntryError} when a later version of this program has written the control node.
 */
export async function abortRollout(
  zk: ZooKeeper,
  abort: { readonly by: string; readonly nowMs: number; readonly reason?: string | null },
): Promise<ControlOutcome & { readonly id: string }> {
  await zk.sync(ROOT);
  const { waves } = await readDeployQueue(zk);
  if (waves.length === 0) throw new RolloutError("abort rollout: none is under way");
  const control = await readControlToChange(zk);
  const { id, record } = await findRollout(zk, waves.flatMap(({ entry }) => entry ?? []));
  const services = await readAborted(zk, [...new Set(waves.map(({ name }) => name.prefix))]);
  const ended = record === null || id === null ? null : { ...record, id };
  const view = { control, waves, services, record: ended };
  const word = { by: abort.by, reason: null, sinceMs: abort.nowMs };
  const outcome = {
    id: id ?? "a rollout without a record",
    before: control.entry,
    after: controlAfterAbort(control.entry, word),
  };
  try {
    const { by, reason = null } = abort;
    const told = await tellOrder(zk, ended?.id, { order: "abort", by, reason });
    await apply(zk, [...transactions.abortRollout(view, abort), ...told]);
  } catch (error) {
    // The reply may have been lost after the transaction: then the rollout's record says that it is aborted.
    if (isUnknown(error) && await isAborted(zk, id)) return outcome;
    if (!hasCode(error, "BAD_VERSION", "NO_NODE")) throw error;
    throw new RolloutError("abort rollout: it moved on meanwhile; nothing was written, try again", {
      cause: error,
    });
  }
  return outcome;
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

/** Reads the services of the queue, as far as they can be read. */
async function readAborted(
  zk: ZooKeeper,
  names: readonly string[],
): Promise<Map<string, transactions.AbortedService>> {
  const nodes = await readNodes(zk, [
    ...names.map((name) => servicePath(name)),
    ...names.map((name) => stagingPath(name)),
  ]);
  return new Map(names.map((name, index) => {
    const offer: RawNode = nodes[names.length + index] ?? null;
    return [name, {
      service: ifReadable(() => decodeService(name, nodes[index] ?? null)),
      hasOffer: offer !== null,
      offered: ifReadable(() => decodeOffer(offer, name)),
    }];
  }));
}

async function isAborted(zk: ZooKeeper, id: string | null): Promise<boolean> {
  return id !== null && (await readRecord(zk, id))?.entry.state === "aborted";
}
