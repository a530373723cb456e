/**
 * Which hosts of a wave are missing from its quorum, by name and with what they do: for an operator. All else that a host
 * decides by are numbers.
 *
 * @module
 */

import {
  currentPath,
  currentSchema,
  decodeNode,
  describeMissing,
  type FirstWave,
  keepNames,
  Problems,
  readyPath,
  servicePath,
} from "../rollout/mod.ts";
import type { ZooKeeper } from "../zookeeper/mod.ts";
import { ifReadable, readNodes } from "./entry_reader.ts";
import { NodesRead } from "./nodes_read.ts";

/** Most hosts whose entries are read: a message has room for no more. */
const NAMED_MAX = 5;

/** The hosts that a wave covers and that are not ready, in words. It reads the names of all hosts, so it is not for every look. */
export async function readMissingHosts(
  zk: ZooKeeper,
  { service, hosts, tally }: Pick<FirstWave, "service" | "hosts" | "tally">,
): Promise<string[]> {
  if (tally === undefined) return [];
  const tree = new NodesRead(zk);
  await tree.readOnce([], [servicePath(service), readyPath(service, tally)]);
  const ready = new Set(tree.children(readyPath(service, tally)));
  const covered = hosts === null ? null : new Set(hosts);
  const roster = keepNames(
    tree.children(servicePath(service)),
    servicePath(service),
    new Problems(),
  );
  const missing = roster.filter((host) => !ready.has(host) && (covered?.has(host) ?? true))
    .toSorted();
  const named = missing.slice(0, NAMED_MAX);
  const paths = named.map((host) => currentPath(service, host));
  const nodes = await readNodes(zk, paths);
  return [
    ...named.map((host, index) => {
      const node = nodes[index] ?? null;
      const read = () => decodeNode(currentSchema, node, paths[index] ?? "");
      return describeMissing(host, ifReadable(read)?.entry ?? null);
    }),
    ...missing.slice(NAMED_MAX),
  ];
}
