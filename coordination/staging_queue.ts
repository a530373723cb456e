/**
 * The staging queue, the hosts that are ready to switch: joining it once, and leaving it.
 *
 * @module
 */

import {
  decodeEntry,
  encodeEntry,
  EntryError,
  SCHEMA_VERSION,
  sortSequential,
  stagedSchema,
  stagingPath,
  stagingPrefix,
} from "../rollout/mod.ts";
import { hasCode, type ZooKeeper } from "../zookeeper/mod.ts";
import { deleteClearing } from "./foreign_children.ts";

/**
 * Makes sure that the host is in the queue exactly once, with that version and in this session. It removes entries of an
 * earlier session, a duplicate from a lost reply, and an entry for another version.
 *
 * @returns The name of the node.
 */
export async function joinStaging(
  zk: ZooKeeper,
  service: string,
  entry: { readonly host: string; readonly version: string },
): Promise<string> {
  const { host, version } = entry;
  const { children } = await zk.children(stagingPath(service));
  let standing: string | null = null;
  for (const { node, prefix } of sortSequential(children)) {
    if (prefix !== host) continue;
    const isGood = standing === null && await isOwn(zk, stagingPath(service, node), entry);
    if (isGood) standing = node;
    else await deleteIfThere(zk, stagingPath(service, node));
  }
  if (standing !== null) return standing;
  const path = await zk.create(
    stagingPrefix(service, host),
    encodeEntry({ schema: SCHEMA_VERSION, host, version }),
    { mode: "ephemeral_sequential" },
  );
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Takes the host out of the queue. */
export async function leaveStaging(zk: ZooKeeper, service: string, host: string): Promise<void> {
  const { children } = await zk.children(stagingPath(service));
  for (const { node, prefix } of sortSequential(children)) {
    if (prefix === host) await deleteIfThere(zk, stagingPath(service, node));
  }
}

async function isOwn(
  zk: ZooKeeper,
  path: string,
  { host, version }: { readonly host: string; readonly version: string },
): Promise<boolean> {
  try {
    const { data, stat } = await zk.get(path);
    const staged = decodeEntry(stagedSchema, data, path);
    return stat.ephemeralOwner === zk.sessionId && staged.host === host &&
      staged.version === version;
  } catch (error) {
    // Somebody has overwritten it: it makes room for a good one.
    if (error instanceof EntryError || hasCode(error, "NO_NODE")) return false;
    throw error;
  }
}

async function deleteIfThere(zk: ZooKeeper, path: string): Promise<void> {
  try {
    await deleteClearing(zk, path);
  } catch (error) {
    if (!hasCode(error, "NO_NODE")) throw error;
  }
}
