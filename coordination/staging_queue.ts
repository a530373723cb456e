/**
 * The staging queue, the hosts that are ready to switch: joining it once, and leaving it.
 *
 * @module
 */

import {
  decodeEntry,
  EntryError,
  isSameRelease,
  sortSequential,
  stagedSchema,
  stagingPath,
  transactions,
} from "../rollout/mod.ts";
import { hasCode, type ZooKeeper } from "../zookeeper/mod.ts";
import { applyDecision } from "./apply.ts";

/**
 * Makes sure that the host is in the queue exactly once, with that release and in this session. It removes entries of an
 * earlier session, a duplicate from a lost reply, and an entry for another release.
 *
 * @returns The name of the node.
 */
export async function joinStaging(
  zk: ZooKeeper,
  service: string,
  entry: transactions.ReadyHost,
): Promise<string> {
  return await applyDecision(zk, async () => {
    const standing = [];
    for (const place of await placesOf(zk, service, entry.host)) {
      standing.push({ node: place, isGood: await isOwn(zk, stagingPath(service, place), entry) });
    }
    const { operations, node } = transactions.joinStaging(service, { ...entry, standing });
    return {
      operations,
      result: (results) => {
        const created = results.at(-1);
        const path = created?.kind === "create" ? created.path : node ?? "";
        return path.slice(path.lastIndexOf("/") + 1);
      },
    };
  });
}

/** Takes the host out of the queue. */
export async function leaveStaging(zk: ZooKeeper, service: string, host: string): Promise<void> {
  await applyDecision(zk, async () => ({
    operations: transactions.leaveStaging(service, await placesOf(zk, service, host)),
    result: () => undefined,
  }));
}

/** The nodes of a host in the queue, in order. */
async function placesOf(zk: ZooKeeper, service: string, host: string): Promise<string[]> {
  const { children } = await zk.children(stagingPath(service));
  return sortSequential(children).filter(({ prefix }) => prefix === host).map(({ node }) => node);
}

async function isOwn(
  zk: ZooKeeper,
  path: string,
  entry: transactions.ReadyHost,
): Promise<boolean> {
  try {
    const { data, stat } = await zk.get(path);
    const staged = decodeEntry(stagedSchema, data, path);
    return stat.ephemeralOwner === zk.sessionId && staged.host === entry.host &&
      isSameRelease(staged, entry);
  } catch (error) {
    // Somebody has overwritten it: it makes room for a good one.
    if (error instanceof EntryError || hasCode(error, "NO_NODE")) return false;
    throw error;
  }
}
