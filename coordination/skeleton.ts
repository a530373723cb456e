/**
 * Creates the persistent nodes that everything else in the tree needs. The first agent of a fleet creates them.
 *
 * @module
 */

import {
  areaMembersPath,
  areaServingPath,
  areasOf,
  CONTROL,
  currentPath,
  DEFAULT_POLICY,
  encodeEntry,
  newcomersPath,
  type Place,
  placedPath,
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
import { readNodes } from "./entry_reader.ts";

/** Creates the tree's persistent nodes where they are missing. Idempotent, and safe while others do the same. */
export async function ensureSkeleton(zk: ZooKeeper, nowMs: number): Promise<void> {
  const running = encodeEntry({
    schema: SCHEMA_VERSION,
    state: "running",
    by: "rollcall",
    reason: null,
    sinceMs: nowMs,
  });
  try {
    await ensureNodes(zk, [...SKELETON.map((path) => ({ path })), {
      path: CONTROL,
      data: running,
    }]);
  } catch (cause) {
    if (!hasCode(cause, "NO_NODE")) throw cause;
    throw new Error(
      "create the tree: the chroot at the end of the connect string does not exist; create it once (zkCli.sh: create " +
        "/NAME), or correct it",
      { cause },
    );
  }
}

/**
 * Creates the nodes of a service, for its first host, and those below which the hosts of a rack and a site are counted.
 * Idempotent, and safe while others do the same.
 *
 * @param place Where the host stands. Default: nothing is counted there yet.
 */
export async function ensureService(
  zk: ZooKeeper,
  service: string,
  place: Place | null = null,
): Promise<void> {
  const areas = place === null ? [] : areasOf(place);
  const entry: Service = {
    schema: SCHEMA_VERSION,
    dependsOn: [],
    policy: DEFAULT_POLICY,
    committed: null,
    withdrawn: [],
  };
  await ensureNodes(zk, [
    { path: servicePath(service), data: encodeEntry(entry) },
    ...[
      stagingPath,
      slotsPath,
      currentPath,
      servingPath,
      newcomersPath,
      placedPath,
      quarantinedPath,
    ].map((path) => ({ path: path(service) })),
    ...areas.flatMap(({ key }) => [
      { path: areaMembersPath(service, key) },
      { path: areaServingPath(service, key) },
    ]),
  ]);
}

/** A node that has to be there. Its parent is there, or it is before it in the list, unless it has no data. */
interface NeededNode {
  readonly path: string;
  /** What it has if it is created; left out: nothing. */
  readonly data?: Uint8Array;
}

/** Creates nodes where they are missing. Nearly always all of them are there, which takes one request to see. */
export async function ensureNodes(zk: ZooKeeper, nodes: readonly NeededNode[]): Promise<void> {
  const found = await readNodes(zk, nodes.map(({ path }) => path));
  for (const [index, { path, data }] of nodes.entries()) {
    if (found[index] !== null) continue;
    if (data === undefined) await ensurePath(zk, path);
    else await createUnlessThere(zk, path, data);
  }
}

async function createUnlessThere(zk: ZooKeeper, path: string, data: Uint8Array): Promise<void> {
  try {
    await zk.create(path, data);
  } catch (error) {
    if (!hasCode(error, "NODE_EXISTS")) throw error;
  }
}
