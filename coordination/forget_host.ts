/**
 * Forgetting a host that is dead for good: what an operator does about it.
 *
 * @module
 */

import { isName, NAME_RULE, quoteForeign } from "../base/names.ts";
import {
  currentPath,
  decodeRoster,
  decodeWave,
  DEPLOY,
  isOfSession,
  keepNames,
  keepSequential,
  listNames,
  newcomersPath,
  placeNodes,
  Problems,
  ROOT,
  servicePath,
  SERVICES,
  SERVICES_MAX,
  slotsPath,
  transactions,
  wavePath,
  WAVES_MAX,
} from "../rollout/mod.ts";
import { hasCode, type ZooKeeper } from "../zookeeper/mod.ts";
import { apply } from "./apply.ts";
import { ifReadable, readChildren, readNodes } from "./entry_reader.ts";
import { tellOfHost, type ToldWord } from "./history.ts";
import { NodesRead } from "./nodes_read.ts";

/** The host cannot be forgotten. */
export class HostForgetError extends Error {
  /** Stable name of the error. */
  readonly code = "HOST_FORGET";
  override readonly name = "HostForgetError";
}

/**
 * Takes a host off the rosters and removes its slots, in one transaction per service. It changes the admission counter, so
 * that a host that is deciding at that moment reads again. An entry among the current hosts that no agent has made goes as
 * well.
 *
 * @param how.only The services to look at; default all.
 * @param how.word Who does so, and why: told in the record of the newest rollout. Default: nothing is told.
 * @returns The services that knew it.
 * @throws {HostForgetError} when its agent is online, or when no service knows the host.
 */
export async function forgetHost(
  zk: ZooKeeper,
  host: string,
  { only, word }: {
    readonly only?: readonly string[] | undefined;
    readonly word?: ToldWord | undefined;
  } = {},
): Promise<string[]> {
  const wrong = [host, ...(only ?? [])].find((name) => !isName(name));
  if (wrong !== undefined) {
    const what = wrong === host ? "host" : "service";
    throw new HostForgetError(
      `forget ${
        quoteForeign(wrong)
      }: expected the name of a ${what} (${NAME_RULE}); no other counts`,
    );
  }
  const services = only ?? await readServiceNames(zk);
  const forgotten: string[] = [];
  for (const service of services) {
    if (await forgetIn(zk, { service, host, word })) forgotten.push(service);
  }
  if (forgotten.length === 0) {
    const where = services.length > 3 ? listNames(services) : services.join(" or ");
    throw new HostForgetError(
      `forget ${host}: expected it on the roster of ${where || "a service"}, it is on none; ` +
        "rollcall hosts list shows who is",
    );
  }
  return forgotten;
}

/** The services of the tree, by name. */
export async function readServiceNames(zk: ZooKeeper): Promise<string[]> {
  const [children = []] = await readChildren(zk, [SERVICES], SERVICES_MAX);
  return keepNames(children, SERVICES, new Problems());
}

async function forgetIn(
  zk: ZooKeeper,
  { service, host, word }: {
    readonly service: string;
    readonly host: string;
    readonly word: ToldWord | undefined;
  },
): Promise<boolean> {
  await zk.sync(ROOT);
  const [counter, onRoster, newcomer, slot, current] = await Promise.all([
    zk.exists(slotsPath(service)),
    zk.exists(servicePath(service, host)),
    zk.exists(newcomersPath(service, host)),
    zk.exists(slotsPath(service, host)),
    readNodes(zk, [currentPath(service, host)]).then(([node = null]) => node),
  ]);
  const isForged = current !== null && !isOfSession(current, { ifUnknown: true });
  if (onRoster === null && slot === null && !isForged) return false;
  if (current !== null && !isForged) {
    throw new HostForgetError(
      `forget ${host}: its agent is online for ${service}; stop it first, or it would be back at once`,
    );
  }
  const remains = {
    hasCounter: counter !== null,
    isOnRoster: onRoster !== null,
    isMarkedNew: newcomer !== null,
    places: await readPlacesOf(zk, service, host),
    hasSlot: slot !== null,
    isForged,
    waves: await readWavesOf(zk, service, host),
  };
  try {
    const told = await tellOfHost(zk, word, { order: "hosts forget", service, host });
    await apply(zk, [...transactions.forgetHost(remains, { service, host }), ...told]);
  } catch (error) {
    if (hasCode(error, "NODE_EXISTS")) {
      throw new HostForgetError(
        `forget ${host}: its agent has just come online for ${service}; stop it first, or it would be back at once`,
        { cause: error },
      );
    }
    // Another operator has just done the same.
    if (!hasCode(error, "NO_NODE")) throw error;
  }
  return true;
}

/** The nodes by which the host is counted in its rack and site, as its entry on the roster names them. */
async function readPlacesOf(zk: ZooKeeper, service: string, host: string): Promise<string[]> {
  const tree = new NodesRead(zk);
  await tree.readOnce([servicePath(service, host)]);
  const roster = decodeRoster(service, host, { tree, problems: new Problems() });
  const paths = roster === null ? [] : placeNodes(service, host, roster);
  await tree.readOnce(paths);
  return paths.filter((path) => tree.node(path) !== null);
}

/** The waves of the service in the queue that name the host. One that cannot be read is an operator's to abort. */
async function readWavesOf(
  zk: ZooKeeper,
  service: string,
  host: string,
): Promise<transactions.HostRemains["waves"]> {
  const [names = []] = await readChildren(zk, [DEPLOY], WAVES_MAX);
  const queue = keepSequential(names, DEPLOY, new Problems())
    .filter(({ prefix }) => prefix === service);
  const nodes = await readNodes(zk, queue.map(({ node }) => wavePath(node)));
  return queue.flatMap((name, index) => {
    const wave = ifReadable(() => decodeWave(name, nodes[index] ?? null));
    return wave?.entry.hosts?.includes(host) ? [{ node: name.node, wave }] : [];
  });
}
