/**
 * Reads a service with all of its hosts. What the nodes say is decoded by `rollout/`.
 *
 * @module
 */

import {
  checkParents,
  CHILDREN_MAX,
  countingPaths,
  currentPath,
  decodeReading,
  entryPaths,
  nextWavePaths,
  parentPaths,
  ROOT,
  type ServiceReading,
  sharedPaths,
} from "../rollout/mod.ts";
import type { ZooKeeper } from "../zookeeper/mod.ts";
import { NodesRead } from "./nodes_read.ts";

/**
 * Reads a service's state in a few requests. A `sync` comes first, so that the reading has everything that was acknowledged
 * before the call.
 *
 * @throws {EntryError} when an entry is broken that all hosts depend on.
 * @throws {ZooKeeperError} when a request fails.
 */
export async function readService(zk: ZooKeeper, service: string): Promise<ServiceReading> {
  const tree = new NodesRead(zk);
  // One after the other at the server, since requests keep their order.
  await Promise.all([zk.sync(ROOT), tree.readOnce(sharedPaths(service))]);
  checkParents(service, tree);
  await tree.readOnce([], parentPaths(service));
  await tree.readMany(entryPaths(service, tree));
  const counting = countingPaths(service, tree);
  await tree.readOnce(counting);
  // Strangers are named where there are more nodes than hosts; but not if there are more than any fleet has.
  const onlineCount = tree.children(currentPath(service)).length;
  const crowded = counting.filter((path) => {
    const count = tree.node(path)?.childCount ?? 0;
    return count > onlineCount && count <= CHILDREN_MAX;
  });
  await tree.readOnce([], crowded);
  await tree.readMany(nextWavePaths(service, tree));
  return decodeReading(service, tree);
}
