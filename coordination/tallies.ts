/**
 * The nodes below which the hosts of waves are counted.
 *
 * @module
 */

import { doneTallies, readyTallies } from "../rollout/mod.ts";
import { hasCode, type ZooKeeper } from "../zookeeper/mod.ts";
import { readChildren } from "./entry_reader.ts";
import { readRecord } from "./rollout_record.ts";
import { ensureNodes } from "./skeleton.ts";

/** Creates the nodes above the tallies of services, where they are missing. */
export async function ensureTallies(zk: ZooKeeper, services: Iterable<string>): Promise<void> {
  const parents = [...services].flatMap((name) => [readyTallies(name), doneTallies(name)]);
  await ensureNodes(zk, parents.map((path) => ({ path })));
}

/** Most tallies that are removed at a time. The next rollout removes others. */
const REMOVED_MAX = 100;

/**
 * Removes the tallies of rollouts that are over, as far as no host is counted there any more. Hosts take their markers away
 * themselves, so those of a rollout are gone when the next one begins, and those of hosts that are cut off a rollout later.
 */
export async function removeOldTallies(zk: ZooKeeper, services: Iterable<string>): Promise<void> {
  const parents = [...services].flatMap((name) => [readyTallies(name), doneTallies(name)]);
  const lists = await readChildren(zk, parents);
  const isOver = new Map<string, boolean>();
  for (const [index, parent] of parents.entries()) {
    for (const tally of (lists[index] ?? []).toSorted().slice(0, REMOVED_MAX)) {
      const rollout = tally.slice(0, tally.lastIndexOf("-"));
      if (rollout === "") continue;
      if (!isOver.has(rollout)) {
        const record = await readRecord(zk, rollout);
        isOver.set(rollout, record !== null && record.entry.state !== "running");
      }
      if (isOver.get(rollout)) await removeIfEmpty(zk, `${parent}/${tally}`);
    }
  }
}

async function removeIfEmpty(zk: ZooKeeper, path: string): Promise<void> {
  try {
    await zk.delete(path);
  } catch (error) {
    if (!hasCode(error, "NO_NODE", "NOT_EMPTY")) throw error;
  }
}
