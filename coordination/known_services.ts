/**
 * The services of the fleet for the check of a plan: their entries and rosters.
 *
 * @module
 */

import {
  decodeService,
  EntryError,
  keepNames,
  type KnownHost,
  type KnownService,
  Problems,
  servicePath,
  SERVICES,
  SERVICES_MAX,
} from "../rollout/mod.ts";
import type { ZooKeeper } from "../zookeeper/mod.ts";
import { readChildren, readNodes } from "./entry_reader.ts";
import { readKnownHosts } from "./known_hosts.ts";

/** What is known of the services, and what cannot be read. */
export interface KnownServices {
  /** The services by name. One whose entry cannot be read has none here. */
  readonly services: ReadonlyMap<string, KnownService>;
  /** Why an entry cannot be read, by service. No plan may name such a service: it would take it for a new one. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/**
 * Reads all services. A service that cannot be read is no obstacle to a plan without it.
 *
 * @param options.hostsOf The services whose hosts are to be known by more than their names. Default: none.
 */
export async function readKnownServices(
  zk: ZooKeeper,
  { hostsOf = [] }: { readonly hostsOf?: readonly string[] } = {},
): Promise<KnownServices> {
  const [children = []] = await readChildren(zk, [SERVICES], SERVICES_MAX);
  const names = keepNames(children, SERVICES, new Problems());
  const rosters = await Promise.all(names.map((name) => readRoster(zk, name)));
  const nodes = await readNodes(zk, names.map((name) => servicePath(name)));
  const hosts = new Map<string, readonly KnownHost[]>();
  for (const [index, name] of names.entries()) {
    const { roster } = rosters[index] ?? {};
    if (roster === undefined || !hostsOf.includes(name)) continue;
    hosts.set(name, await readKnownHosts(zk, name, roster));
  }
  const services = new Map<string, KnownService>();
  const unreadable = new Map<string, string>();
  names.forEach((name, index) => {
    const { roster = [], problem } = rosters[index] ?? {};
    try {
      if (problem !== undefined) throw problem;
      const entry = decodeService(name, nodes[index] ?? null)?.entry ?? null;
      const known = hosts.get(name);
      services.set(name, { entry, roster, ...(known === undefined ? {} : { hosts: known }) });
    } catch (error) {
      if (!(error instanceof EntryError)) throw error;
      services.set(name, { entry: null, roster });
      unreadable.set(name, error.message);
    }
  });
  return { services, unreadable };
}

/** The hosts of a service, or why they cannot be read. */
async function readRoster(
  zk: ZooKeeper,
  name: string,
): Promise<{ readonly roster?: string[]; readonly problem?: EntryError }> {
  const path = servicePath(name);
  try {
    const [children = []] = await readChildren(zk, [path]);
    return { roster: keepNames(children, path, new Problems()) };
  } catch (error) {
    if (error instanceof EntryError) return { problem: error };
    throw error;
  }
}
