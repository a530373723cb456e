/**
 * Reading the failures of a rollout on its other services: only a host does so that has a failure to report, where the plan says
 * how many there may be.
 *
 * @module
 */

import {
  decodeOffer,
  decodeSlot,
  EntryError,
  type FailedHost,
  FAILURES,
  failuresOf,
  keepNames,
  type Offer,
  Problems,
  type RawNode,
  SERVICES,
  SERVICES_MAX,
  slotsPath,
  stagingPath,
} from "../rollout/mod.ts";
import type { ZooKeeper } from "../zookeeper/mod.ts";
import { readChildren, readNodes } from "./entry_reader.ts";

/** Version of the node that every failure moves on which counts for a plan; `null`: there is none yet. */
export async function readFailureCounter(zk: ZooKeeper): Promise<number | null> {
  return (await zk.exists(FAILURES))?.version ?? null;
}

/** The hosts of all services but `service` on which a release of the rollout has failed. */
export async function readFailuresElsewhere(
  zk: ZooKeeper,
  { service, rollout }: { readonly service: string; readonly rollout: string | undefined },
): Promise<FailedHost[]> {
  const problems = new Problems();
  const [names = []] = await readChildren(zk, [SERVICES], SERVICES_MAX);
  const others = keepNames(names, SERVICES, problems).filter((name) => name !== service);
  const offerNodes = await readNodes(zk, others.map((name) => stagingPath(name)));
  const offers = others.map((name, index) => decodeOrNull(offerNodes[index] ?? null, name));
  const concerned = others.flatMap((name, index) => {
    const offer = offers[index] ?? null;
    return offer?.rollout === rollout ? [{ name, offer }] : [];
  });
  const holders = await readChildren(zk, concerned.map(({ name }) => slotsPath(name)));
  const services = await Promise.all(concerned.map(async ({ name, offer }, index) => {
    const hosts = keepNames(holders[index] ?? [], slotsPath(name), problems);
    const nodes = await readNodes(zk, hosts.map((host) => slotsPath(name, host)));
    const slots = hosts.flatMap((host, at) => decodeSlot(name, host, nodes[at] ?? null) ?? []);
    return { service: name, offer, slots };
  }));
  return failuresOf(rollout, services);
}

/** An offer that cannot be read is of no rollout. */
function decodeOrNull(node: RawNode, service: string): Offer | null {
  try {
    return decodeOffer(node, service);
  } catch (error) {
    if (error instanceof EntryError) return null;
    throw error;
  }
}
