/**
 * The hosts of a service for a plan that chooses among them: where they stand, what they are, and whether they serve.
 *
 * @module
 */

import {
  decodeNode,
  type KnownHost,
  type Roster,
  rosterSchema,
  servicePath,
  servingPath,
} from "../rollout/mod.ts";
import type { ZooKeeper } from "../zookeeper/mod.ts";
import { ifReadable, readChildren, readNodes } from "./entry_reader.ts";

/** Reads the hosts of a roster. One whose entry cannot be read is of no site, and is chosen last. */
export async function readKnownHosts(
  zk: ZooKeeper,
  service: string,
  roster: readonly string[],
): Promise<KnownHost[]> {
  const [serving = []] = await readChildren(zk, [servingPath(service)]);
  const nodes = await readNodes(zk, roster.map((host) => servicePath(service, host)));
  const isServing = new Set(serving);
  return roster.map((host, index): KnownHost => {
    const path = servicePath(service, host);
    const entry = ifReadable(() =>
      decodeNode<Roster>(rosterSchema, nodes[index] ?? null, path)?.entry ?? null
    );
    const { site = "?", rack = "?", labels = {}, checks = [] } = entry ?? {};
    return { host, site, rack, labels, checks, isServing: entry !== null && isServing.has(host) };
  });
}
