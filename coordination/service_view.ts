/**
 * Reads what a host decides on. What the nodes say is decoded by `rollout/`.
 *
 * @module
 */

import {
  checkParents,
  decodeReading,
  entryPaths,
  parentPaths,
  type RawNode,
  ROOT,
  type ServiceReading,
  sharedPaths,
} from "../rollout/mod.ts";
import { op, type ZooKeeper } from "../zookeeper/mod.ts";
import { readNodes, toChildren, toRawNode } from "./entry_reader.ts";

/**
 * Reads a service's state in a few requests. A `sync` comes first, so that the reading has everything that was acknowledged
 * before the call.
 *
 * @throws {EntryError} when an entry is broken that all hosts depend on.
 * @throws {ZooKeeperError} when a request fails.
 */
export async function readService(zk: ZooKeeper, service: string): Promise<ServiceReading> {
  const nodes = new Map<string, RawNode>();
  const lists = new Map<string, readonly string[]>();
  const tree = {
    node: (path: string) => nodes.get(path) ?? null,
    children: (path: string) => lists.get(path) ?? [],
  };
  const shared = sharedPaths(service);
  // One after the other at the server, since requests keep their order.
  const [, found] = await Promise.all([
    zk.sync(ROOT),
    zk.multiRead(shared.map((path) => op.get(path))),
  ]);
  shared.forEach((path, index) => nodes.set(path, toRawNode(found[index], path)));
  checkParents(service, tree);
  const parents = parentPaths(service);
  const children = await zk.multiRead(parents.map((path) => op.children(path)));
  parents.forEach((path, index) => lists.set(path, toChildren(children[index], path)));
  const paths = entryPaths(service, tree);
  const entries = await readNodes(zk, paths);
  paths.forEach((path, index) => nodes.set(path, entries[index] ?? null));
  return decodeReading(service, tree);
}
