/**
 * Which rollouts there are: the one under way, the newest one, the id of a new one. `start_rollout.ts`, `abort_rollout.ts`
 * and `control.ts` are what an operator does about them.
 *
 * @module
 */

import {
  CONTROL,
  controlSchema,
  DEPLOY,
  EntryError,
  HISTORY,
  type Service,
  servicePath,
  serviceSchema,
  sortSequential,
  wavePath,
  waveSchema,
} from "../rollout/mod.ts";
import type { ZooKeeper } from "../zookeeper/mod.ts";
import { decodeNode, readChildren, readNodes, type Versioned } from "./entry_reader.ts";

/** A rollout cannot be started, paused, resumed or aborted as things stand. */
export class RolloutError extends Error {
  /** Stable name of the error. */
  readonly code = "ROLLOUT";
  override readonly name = "RolloutError";
}

/** The id of the rollout that the first wave belongs to; `null` when the queue is empty. */
export async function activeRollout(zk: ZooKeeper): Promise<string | null> {
  const [names = []] = await readChildren(zk, [DEPLOY]);
  const [first] = sortSequential(names);
  if (first === undefined) return null;
  const [raw = null] = await readNodes(zk, [wavePath(first.node)]);
  return decodeNode(waveSchema, raw, wavePath(first.node))?.entry.rollout ?? null;
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
  // Control cannot be read, or no rollout was started since it names the last one: the ids are all that there is.
  const [names = []] = await readChildren(zk, [HISTORY]);
  return names.toSorted().at(-1) ?? null;
}

/** Creates the id of a new rollout: the time, for people, to the millisecond. Nothing is ordered by it. The random end keeps two admins at the same moment apart. */
export function createRolloutId(nowMs: number, random: () => number): string {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 19);
  const suffix = Math.floor(random() * 36 ** 4).toString(36).padStart(4, "0");
  return `${stamp}-${suffix}`;
}

/** The services' entries with the versions of their nodes. */
export async function readServices(
  zk: ZooKeeper,
  names: readonly string[],
): Promise<Map<string, Versioned<Service>>> {
  const nodes = await readNodes(zk, names.map((name) => servicePath(name)));
  const services = new Map<string, Versioned<Service>>();
  names.forEach((name, index) => {
    const entry = decodeNode(serviceSchema, nodes[index] ?? null, servicePath(name));
    if (entry !== null) services.set(name, entry);
  });
  return services;
}
