/**
 * Who is away, by name. All else that a host decides by are numbers; but an operator has to see for whom a fleet waits.
 *
 * @module
 */

import {
  areaMembersPath,
  areaServingPath,
  type Current,
  currentPath,
  currentSchema,
  decodeNode,
  decodeRoster,
  describeAway,
  isDrained,
  keepNames,
  newcomersPath,
  Problems,
  type RawNode,
  servicePath,
  servingPath,
} from "../rollout/mod.ts";
import type { ZooKeeper } from "../zookeeper/mod.ts";
import { ifReadable } from "./entry_reader.ts";
import { NodesRead } from "./nodes_read.ts";

/** Most hosts that are named: a message has room for no more. */
const NAMED_MAX = 5;

/**
 * The hosts of a service, or (`area`) of one of its racks or sites, that do not serve, in words for an operator; without the one
 * that asks, and those that are known otherwise. It reads the names of all hosts, so it is not for every look.
 */
export async function readAwayHosts(
  zk: ZooKeeper,
  service: string,
  { known, area }: { readonly known: readonly string[]; readonly area: string | null },
): Promise<string[]> {
  const tree = new NodesRead(zk);
  const all = area === null ? servicePath(service) : areaMembersPath(service, area);
  const serving = area === null ? servingPath(service) : areaServingPath(service, area);
  const notAway = [serving, newcomersPath(service)];
  await tree.readOnce([], [all, ...notAway]);
  const present = new Set(notAway.flatMap((path) => tree.children(path)));
  const away = keepNames(tree.children(all), all, new Problems())
    .filter((host) => !present.has(host) && !known.includes(host)).toSorted();
  const named = away.slice(0, NAMED_MAX);
  await tree.readMany(
    named.flatMap((host) => [currentPath(service, host), servicePath(service, host)]),
  );
  return [
    ...named.map((host) =>
      describeAway(host, {
        entry: entryAt(tree.node(currentPath(service, host)), currentPath(service, host)),
        isDrained: isDrained(decodeRoster(service, host, { tree, problems: new Problems() })),
      })
    ),
    ...away.slice(NAMED_MAX),
  ];
}

/** A host's entry. One that cannot be read is that of a host that is online. */
function entryAt(node: RawNode, path: string): Pick<Current, "quarantined"> | null {
  if (node === null) return null;
  return ifReadable(() => decodeNode(currentSchema, node, path))?.entry ?? {};
}
