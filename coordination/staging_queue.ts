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

/** A host that joins the staging queue. */
export interface Joining extends transactions.HostWrite {
  readonly release: transactions.ReadyRelease;
  /** Whether it may have a place already: of an earlier session, for another release, or since a reply was lost. */
  readonly mayStand: boolean;
}

/**
 * Makes sure that the host is in the queue exactly once, with that release and in this session. It removes entries of an
 * earlier session, a duplicate from a lost reply, and an entry for another release.
 *
 * @returns The name of its node.
 */
export async function joinStaging(
  zk: ZooKeeper,
  service: string,
  join: Joining,
): Promise<string> {
  const { entry: { host }, release, mayStand } = join;
  return await applyDecision(zk, async (isAgain) => {
    const places = [];
    for (const place of mayStand || isAgain ? await readPlaces(zk, service, host) : []) {
      const isGood = await isOwn(zk, stagingPath(service, place), { host, ...release });
      places.push({ node: place, isGood });
    }
    const { operations, node } = transactions.joinStaging(service, { ...join, places });
    return {
      operations,
      result: (results) => {
        const created = results.at(-1);
        const path = created?.kind === "create" ? created.path : "";
        return node ?? path.slice(path.lastIndexOf("/") + 1);
      },
    };
  });
}

/** Takes the host out of the queue. */
export async function leaveStaging(zk: ZooKeeper, service: string, host: string): Promise<void> {
  await applyDecision(zk, async () => ({
    operations: transactions.leaveStaging(service, await readPlaces(zk, service, host)),
    result: () => undefined,
  }));
}

/** The nodes of a host in the queue, in order. */
export async function readPlaces(zk: ZooKeeper, service: string, host: string): Promise<string[]> {
  return sortSequential((await zk.children(stagingPath(service))).children)
    .filter(({ prefix }) => prefix === host).map(({ node }) => node);
}

async function isOwn(
  zk: ZooKeeper,
  path: string,
  entry: transactions.ReadyRelease & { readonly host: string },
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
