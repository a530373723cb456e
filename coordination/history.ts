/**
 * The history: the records of rollouts, and what happened in each. It is for people, and bounded: old records go when a
 * rollout starts.
 *
 * @module
 */

import {
  decodeNode,
  EntryError,
  EVENT,
  HISTORY,
  historyPath,
  keepSequential,
  measureSwitches,
  type OrderEvent,
  Problems,
  type Rollout,
  type RolloutEvent,
  rolloutEventSchema,
  rolloutSchema,
  SCHEMA_VERSION,
  type SwitchTimes,
  transactions,
} from "../rollout/mod.ts";
import { op, type ZooKeeper } from "../zookeeper/mod.ts";
import { readChildren, readNodes } from "./entry_reader.ts";
import { isRolloutId, newestRollout } from "./rollouts.ts";

/** Records of rollouts that are kept: three months of one a day. */
const RECORDS_MAX = 100;

/**
 * Events that are kept in all records together: a server holds its whole tree in memory, and an event takes up to some two
 * kilobytes. A fleet of ten thousand hosts keeps its last ten rollouts by that, a hundred hosts theirs of three months.
 */
const EVENTS_KEPT_MAX = 100_000;

/** Records that are kept whatever events they have: the newest rollout, and the one that a person compares it with. */
const RECORDS_MIN = 2;

/** Most events of a rollout that are read: those of ten thousand hosts with five services each. */
const EVENTS_MAX = 50_000;

/** Rollouts that are looked through for measured switches: what was long ago says little of the next one. */
const MEASURED_RECORDS_MAX = 10;

/** Events of a rollout that are looked through for that: enough for a median that stands. */
const MEASURED_EVENTS_MAX = 1_000;

/** Nodes that are deleted in one request: a request has at most a megabyte. */
const DELETES_PER_REQUEST = 1_000;

/** A rollout in the history. */
export interface RecordedRollout extends Rollout {
  readonly id: string;
}

/** An event in the history. */
export type RecordedEvent = RolloutEvent & {
  /** When, by the clock of the ensemble, milliseconds since the epoch. */
  readonly atMs: number;
};

/** What the history says, and what of it cannot be read. */
export interface History {
  /** The rollouts, in the order in which the tree has got them, the newest first. */
  readonly rollouts: readonly RecordedRollout[];
  readonly problems: readonly string[];
}

/** What happened in one rollout. */
export interface RolloutHistory {
  /** `null`: there is no record of it. */
  readonly rollout: RecordedRollout | null;
  /** In the order of the tree. */
  readonly events: readonly RecordedEvent[];
  readonly problems: readonly string[];
}

/** Reads the records of all rollouts. */
export async function readHistory(zk: ZooKeeper): Promise<History> {
  const problems = new Problems();
  const ids = await readIds(zk);
  const rollouts = await readRecords(zk, ids.toReversed(), problems);
  return { rollouts, problems: problems.messages };
}

/** Reads the record of one rollout, and its events; `eventsMax`: of these the last. */
export async function readRolloutHistory(
  zk: ZooKeeper,
  id: string,
  eventsMax = EVENTS_MAX,
): Promise<RolloutHistory> {
  const problems = new Problems();
  const [rollout = null] = await readRecords(zk, [id], problems);
  const parent = historyPath(id);
  const [children = []] = await readChildren(zk, [parent], EVENTS_MAX);
  const names = keepSequential(children, parent, problems);
  const paths = names.filter(({ prefix }) => `${prefix}-` === EVENT).slice(-eventsMax)
    .map(({ node }) => `${parent}/${node}`);
  const nodes = await readNodes(zk, paths);
  const events = paths.flatMap((path, index): RecordedEvent[] => {
    const node = nodes[index] ?? null;
    try {
      const entry = decodeNode(rolloutEventSchema, node, path)?.entry;
      const atMs = node !== null && "mtimeMs" in node ? Number(node.mtimeMs) : 0;
      return entry === undefined ? [] : [{ ...entry, atMs }];
    } catch (error) {
      if (!(error instanceof EntryError)) throw error;
      problems.add(error);
      return [];
    }
  });
  return { rollout, events, problems: problems.messages };
}

/**
 * How long switches of these services have taken, by the newest rollout of each that has measured any. Those of a service of which
 * none was measured lately are left out.
 */
export async function readSwitchTimes(
  zk: ZooKeeper,
  services: Iterable<string>,
): Promise<Map<string, SwitchTimes>> {
  const missing = new Set(services);
  const found = new Map<string, SwitchTimes>();
  const ids = (await readIds(zk)).slice(-MEASURED_RECORDS_MAX);
  for (const id of ids.toReversed()) {
    if (missing.size === 0) break;
    const { rollout, events } = await readRolloutHistory(zk, id, MEASURED_EVENTS_MAX);
    if (rollout === null) continue;
    for (const [service, times] of measureSwitches(events)) {
      if (missing.delete(service)) found.set(service, times);
    }
  }
  return found;
}

/**
 * What tells an order in the record of the rollout that was started last: part of the transaction that carries the order out.
 * None where there is no record, since an order is carried out whether or not it can be told.
 */
export async function tellOrder(
  zk: ZooKeeper,
  rollout: string | undefined,
  order: Pick<OrderEvent, "order" | "by" | "reason" | "service" | "host">,
): Promise<transactions.Transaction> {
  if (rollout === undefined || await zk.exists(historyPath(rollout)) === null) return [];
  return [transactions.recordEvent(rollout, { schema: SCHEMA_VERSION, kind: "order", ...order })];
}

/** Who gives an order that need not be told, and why. */
export interface ToldWord {
  readonly by: string;
  readonly reason: string | null;
}

/** The same for an order about one host of a service, in the record of the newest rollout; none where nobody is named. */
export async function tellOfHost(
  zk: ZooKeeper,
  word: ToldWord | undefined,
  order: Pick<OrderEvent, "order" | "service" | "host">,
): Promise<transactions.Transaction> {
  if (word === undefined) return [];
  const { by, reason } = word;
  return await tellOrder(zk, await newestRollout(zk) ?? undefined, { ...order, by, reason });
}

/** Removes the oldest records, with their events: those beyond a hundred, and beyond so many events of all together. */
export async function pruneHistory(
  zk: ZooKeeper,
  { eventsMax = EVENTS_KEPT_MAX }: { readonly eventsMax?: number } = {},
): Promise<void> {
  const records = (await readRecordStats(zk)).toReversed();
  let eventCount = 0;
  for (const [age, { id, childCount }] of records.entries()) {
    eventCount += childCount;
    const isKept = age < RECORDS_MIN || (age < RECORDS_MAX && eventCount <= eventsMax);
    if (!isKept) await remove(zk, id);
  }
}

async function remove(zk: ZooKeeper, id: string): Promise<void> {
  const parent = historyPath(id);
  const paths = (await zk.childNames(parent)).map((name) => `${parent}/${name}`);
  for (let start = 0; start < paths.length; start += DELETES_PER_REQUEST) {
    await zk.multi(paths.slice(start, start + DELETES_PER_REQUEST).map((path) => op.delete(path)));
  }
  await zk.delete(parent);
}

/** The ids of the rollouts, in the order in which they were written: no admin's clock orders them. */
async function readIds(zk: ZooKeeper): Promise<string[]> {
  return (await readRecordStats(zk)).map(({ id }) => id);
}

/** The same with how many events each record has. */
async function readRecordStats(
  zk: ZooKeeper,
): Promise<{ readonly id: string; readonly childCount: number }[]> {
  const [names = []] = await readChildren(zk, [HISTORY]);
  const stats = await Promise.all(
    names.filter(isRolloutId).map(async (id) => ({ id, stat: await zk.exists(historyPath(id)) })),
  );
  return stats.flatMap(({ id, stat }) =>
    stat === null ? [] : [{ id, czxid: stat.czxid, childCount: stat.numChildren }]
  ).sort((a, b) => a.czxid < b.czxid ? -1 : 1);
}

async function readRecords(
  zk: ZooKeeper,
  ids: readonly string[],
  problems: Problems,
): Promise<RecordedRollout[]> {
  const nodes = await readNodes(zk, ids.map(historyPath));
  return ids.flatMap((id, index): RecordedRollout[] => {
    try {
      const entry = decodeNode(rolloutSchema, nodes[index] ?? null, historyPath(id))?.entry;
      return entry === undefined ? [] : [{ ...entry, id }];
    } catch (error) {
      if (!(error instanceof EntryError)) throw error;
      problems.add(error);
      return [];
    }
  });
}
