/**
 * Which rollouts there are: the one under way, the newest one, the id of a new one. `start_rollout.ts`, `abort_rollout.ts`
 * and `control.ts` are what an operator does about them.
 *
 * @module
 */

import {
  CONTROL,
  controlSchema,
  decodeNode,
  decodeService,
  decodeWave,
  DEPLOY,
  EntryError,
  headOfQueue,
  HISTORY,
  historyPath,
  keepSequential,
  Problems,
  type RawNode,
  type SequentialName,
  type Service,
  servicePath,
  type Versioned,
  type Wave,
  wavePath,
  WAVES_MAX,
} from "../rollout/mod.ts";
import type { ZooKeeper } from "../zookeeper/mod.ts";
import { readChildren, readNodes } from "./entry_reader.ts";

/** The deploy queue, in order; a wave that cannot be read has no entry. */
export interface DeployQueue {
  readonly waves: readonly { readonly name: SequentialName; readonly entry: Wave | null }[];
  /** What cannot be read of it. */
  readonly problems: readonly string[];
}

/**
 * Reads the deploy queue.
 *
 * @throws {EntryError} when it has more waves than any rollout.
 */
export async function readDeployQueue(zk: ZooKeeper): Promise<DeployQueue> {
  const problems = new Problems();
  const [names = []] = await readChildren(zk, [DEPLOY], WAVES_MAX);
  const queue = keepSequential(names, DEPLOY, problems);
  const nodes = await readNodes(zk, queue.map(({ node }) => wavePath(node)));
  const waves = queue.map((name, index) => ({
    name,
    entry: decodeWaveOf(name, nodes[index] ?? null, problems),
  }));
  return { waves, problems: problems.messages };
}

/** The waves that are next for their services, by their nodes. */
export function nextWaves(waves: DeployQueue["waves"]): Set<string> {
  const queue = waves.map(({ name: { node, prefix } }) => ({ node, service: prefix }));
  const entries = new Map(waves.map(({ name, entry }) => [name.node, entry]));
  const afterOf = (node: string) => entries.get(node)?.after;
  const isNext = ({ node, service }: (typeof queue)[number]) =>
    headOfQueue(service, queue, afterOf) === node;
  return new Set(queue.filter(isNext).map(({ node }) => node));
}

function decodeWaveOf(name: SequentialName, node: RawNode, problems: Problems): Wave | null {
  try {
    return decodeWave(name, node)?.entry ?? null;
  } catch (error) {
    if (!(error instanceof EntryError)) throw error;
    problems.add(error);
    return null;
  }
}

/** The id of the rollout that the first readable wave belongs to; `null` when there is none. */
export async function activeRollout(zk: ZooKeeper): Promise<string | null> {
  const { waves } = await readDeployQueue(zk);
  return waves.find(({ entry }) => entry !== null)?.entry?.rollout ?? null;
}

/** The id of the rollout that was started last, in whatever state it is. */
export async function newestRollout(zk: ZooKeeper): Promise<string | null> {
  const [raw = null] = await readNodes(zk, [CONTROL]);
  try {
    const newest = decodeNode(controlSchema, raw, CONTROL)?.entry.rollout;
    if (newest !== undefined) return newest;
  } catch (error) {
    if (!(error instanceof EntryError)) throw error;
  }
  // Control cannot be read, or no rollout was started since it names the last one. The records are few, and the order in which
  // ZooKeeper has made them is no clock's.
  const [names = []] = await readChildren(zk, [HISTORY]);
  let newest: { readonly id: string; readonly czxid: bigint } | null = null;
  for (const id of names.filter(isRolloutId)) {
    const czxid = (await zk.exists(historyPath(id)))?.czxid;
    if (czxid !== undefined && czxid > (newest?.czxid ?? -1n)) newest = { id, czxid };
  }
  return newest?.id ?? null;
}

/** As {@link createRolloutId} makes it. Other names in the history are somebody else's, and would sort behind it. */
const ROLLOUT_ID = /^\d{8}-\d{6}\.\d{3}-[0-9a-z]{4}$/;

/** Whether a name in the history is that of a rollout. */
export function isRolloutId(name: string): boolean {
  return ROLLOUT_ID.test(name);
}

/** Creates the id of a new rollout: the time, for people, to the millisecond. Nothing is ordered by it. The random end keeps two admins at the same moment apart. */
export function createRolloutId(nowMs: number, random: () => number): string {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 19);
  const suffix = Math.floor(random() * 36 ** 4).toString(36).padStart(4, "0");
  return `${stamp}-${suffix}`;
}

/**
 * The services' entries with the versions of their nodes. A service without an entry is left out.
 *
 * @throws {EntryError} when one of them cannot be read.
 */
export async function readServices(
  zk: ZooKeeper,
  names: readonly string[],
): Promise<Map<string, Versioned<Service>>> {
  const nodes = await readNodes(zk, names.map((name) => servicePath(name)));
  const services = new Map<string, Versioned<Service>>();
  names.forEach((name, index) => {
    const entry = decodeService(name, nodes[index] ?? null);
    if (entry !== null) services.set(name, entry);
  });
  return services;
}
