/**
 * Creates the persistent nodes that everything else in the tree needs. The first agent of a fleet creates them.
 *
 * @module
 */

import {
  CONTROL,
  currentPath,
  DEFAULT_POLICY,
  encodeEntry,
  quarantinedPath,
  SCHEMA_VERSION,
  type Service,
  servicePath,
  servingPath,
  SKELETON,
  slotsPath,
  stagingPath,
} from "../rollout/mod.ts";
import { ensurePath, hasCode, type ZooKeeper } from "../zookeeper/mod.ts";

/** Creates the tree's persistent nodes where they are missing. Idempotent, and safe while others do the same. */
export async function ensureSkeleton(zk: ZooKeeper, nowMs: number): Promise<void> {
  try {
    for (const path of SKELETON) await ensurePath(zk, path);
  } catch (cause) {
    if (!hasCode(cause, "NO_NODE")) throw cause;
    throw new Error(
      "create the tree: the chroot at the end of the connect string does not exist; create it once (zkCli.sh: create " +
        "/NAME), or correct it",
      { cause },
    );
  }
  await createUnlessThere(
    zk,
    CONTROL,
    encodeEntry({
      schema: SCHEMA_VERSION,
      state: "running",
      by: "rollcall",
      reason: null,
      sinceMs: nowMs,
    }),
  );
}

/** Creates the nodes of a service, for its first host. Idempotent, and safe while others do the same. */
export async function ensureService(zk: ZooKeeper, service: string): Promise<void> {
  const entry: Service = {
    schema: SCHEMA_VERSION,
    dependsOn: [],
    policy: DEFAULT_POLICY,
    committed: null,
    withdrawn: [],
  };
  await createUnlessThere(zk, servicePath(service), encodeEntry(entry));
  const parents = [stagingPath, slotsPath, currentPath, servingPath, quarantinedPath].map((path) =>
    path(service)
  );
  for (const path of parents) {
    await ensurePath(zk, path);
  }
}

/**
 * Creates a node unless it exists.
 *
 * @returns Whether this call created it.
 */
async function createUnlessThere(zk: ZooKeeper, path: string, data: Uint8Array): Promise<boolean> {
  if (await zk.exists(path) !== null) return false;
  try {
    await zk.create(path, data);
    return true;
  } catch (error) {
    if (hasCode(error, "NODE_EXISTS")) return false;
    throw error;
  }
}
