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
  type Roster,
  SCHEMA_VERSION,
  type Service,
  servicePath,
  SKELETON,
  slotsPath,
  stagingPath,
} from "../rollout/mod.ts";
import { ensurePath, hasCode, op, type ZooKeeper } from "../zookeeper/mod.ts";
import { bumpCounter } from "./slots.ts";

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

/**
 * Puts a host on a service's roster, and creates the service's nodes for its first host. Idempotent.
 *
 * @returns The epoch of this registration: the version of the roster entry, which each registration moves on. Every later
 * write of the host checks it, so that a late request of an agent that is dead, or of a machine whose name another one has
 * taken over, changes nothing.
 */
export async function joinRoster(
  zk: ZooKeeper,
  service: string,
  member: { readonly host: string; readonly roster: Roster },
): Promise<number> {
  const entry: Service = {
    schema: SCHEMA_VERSION,
    dependsOn: [],
    policy: DEFAULT_POLICY,
    committed: null,
    withdrawn: [],
  };
  await createUnlessThere(zk, servicePath(service), encodeEntry(entry));
  for (const path of [stagingPath(service), slotsPath(service), currentPath(service)]) {
    await ensurePath(zk, path);
  }
  const path = servicePath(service, member.host);
  const data = encodeEntry(member.roster);
  try {
    // One host more shares the budget: whoever decided without it decides again.
    await zk.multi([op.create(path, data), bumpCounter(service)]);
    return 0;
  } catch (error) {
    if (!hasCode(error, "NODE_EXISTS")) throw error;
  }
  // The host may have moved to another rack since.
  return (await zk.set(path, data)).version;
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
