/**
 * The gates before waves: a host opens one that is due, or halts the rollout for one that does not hold; an operator promotes.
 *
 * @module
 */

import {
  type CensusReading,
  closedGate,
  decodeWave,
  type FirstWave,
  listNames,
  parseSequentialName,
  RolloutError,
  transactions,
  type Versioned,
  type Wave,
  wavePath,
} from "../rollout/mod.ts";
import type { ZooKeeper } from "../zookeeper/mod.ts";
import { applyIfUnchanged, isUnknown } from "./apply.ts";
import { readNodes } from "./entry_reader.ts";
import { tellOrder } from "./history.ts";
import { nextWaves, readDeployQueue } from "./rollouts.ts";

/** Opens the gate before a wave, if all stands as it was read. @returns Whether this call has opened it. */
export async function openGate(
  zk: ZooKeeper,
  { census: { controlVersion } }: Pick<CensusReading, "census">,
  opening: { readonly wave: FirstWave } & Omit<transactions.Opening, "controlVersion">,
): Promise<boolean> {
  const { wave: { node, znodeVersion }, ...by } = opening;
  const wave = await readWave(zk, node);
  if (wave === null || wave.znodeVersion !== znodeVersion) return false;
  const { service, rollout } = wave.entry;
  const told = { order: "open gate", by: by.by, reason: by.how, service };
  return await applyIfUnchanged(zk, [
    ...transactions.openGate({ node, wave }, { ...by, controlVersion }),
    ...await tellOrder(zk, rollout, told),
  ]);
}

/**
 * Halts the rollout because of the wave that is next, if all stands as it was read.
 *
 * @returns Whether this call has halted it.
 */
export async function haltRollout(
  zk: ZooKeeper,
  { census }: Pick<CensusReading, "census">,
  halt: Parameters<typeof transactions.haltWave>[1],
): Promise<boolean> {
  const operations = transactions.haltWave(census, halt);
  if (operations === null) return false;
  const { by, reason } = halt;
  const told = await tellOrder(zk, census.control?.rollout, { order: "halt", by, reason });
  return await applyIfUnchanged(zk, [...operations, ...told]);
}

async function readWave(zk: ZooKeeper, node: string): Promise<Versioned<Wave> | null> {
  const name = parseSequentialName(node);
  if (name === null) return null;
  const [found = null] = await readNodes(zk, [wavePath(node)]);
  return decodeWave(name, found);
}

/** A wave that is next for its service, and waits at its gate. */
export interface WaitingGate {
  readonly service: string;
  readonly version: string;
  /** Name of the wave's node. */
  readonly node: string;
}

/** The waves that wait at their gates, in the order of the queue. */
export async function readWaitingGates(zk: ZooKeeper): Promise<WaitingGate[]> {
  const { waves } = await readDeployQueue(zk);
  const next = nextWaves(waves);
  return waves.flatMap(({ name: { node }, entry }) =>
    entry !== null && next.has(node) && closedGate(entry) !== null
      ? [{ node, service: entry.service, version: entry.version }]
      : []
  );
}

/** Most attempts to promote: one fails if the wave's entry changes just then, as when a host is forgotten. */
const ATTEMPTS_MAX = 5;

/**
 * Opens the gate at which a wave waits, whatever it waits for: an operator's word.
 *
 * @param promotion.service The service whose wave waits. Default: the only one that does.
 * @param promotion.reason Why, for the record. Default: nothing is said.
 * @throws {RolloutError} when none waits, or several do and none is named, or it was opened meanwhile.
 */
export async function promote(
  zk: ZooKeeper,
  { service, by, reason = null, nowMs }: {
    readonly service?: string | undefined;
    readonly by: string;
    readonly reason?: string | null;
    readonly nowMs: number;
  },
): Promise<WaitingGate> {
  const gate = choose(await readWaitingGates(zk), service);
  const opening = { by, nowMs, how: "promoted", controlVersion: null };
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const wave = await readWave(zk, gate.node);
    const opened = wave?.entry.gate?.opened;
    if (opened?.by === by && opened.atMs === nowMs) return gate;
    if (wave === null || closedGate(wave.entry) === null) {
      throw new RolloutError(
        `promote: the gate before ${gate.service} ${gate.version} was opened meanwhile` +
          (opened === undefined ? "" : ` by ${opened.by}: ${opened.how}`),
      );
    }
    try {
      const told = { order: "promote", by, reason, service: gate.service };
      const operations = [
        ...transactions.openGate({ node: gate.node, wave }, opening),
        ...await tellOrder(zk, wave.entry.rollout, told),
      ];
      if (await applyIfUnchanged(zk, operations)) return gate;
    } catch (error) {
      // Its reply may have been lost: the next look tells.
      if (!isUnknown(error) || attempt === ATTEMPTS_MAX) throw error;
    }
  }
  throw new RolloutError("promote: the wave's entry changes all the time; nothing was written");
}

function choose(waiting: readonly WaitingGate[], service: string | undefined): WaitingGate {
  const found = waiting.filter((gate) => service === undefined || gate.service === service);
  const [gate] = found;
  const names = found.map((one) => `${one.service} ${one.version}`);
  if (gate === undefined) {
    const others = waiting.map((one) => `${one.service} ${one.version}`);
    throw new RolloutError(
      service !== undefined && others.length > 0
        ? `promote: no wave of ${service} waits at a gate; those of ${listNames(others)} do`
        : "promote: no wave waits at a gate; a gate can be opened once the wave before it is over",
    );
  }
  if (found.length === 1) return gate;
  throw new RolloutError(
    `promote: the waves of ${
      listNames(names)
    } wait at gates; say which: rollcall rollout promote SERVICE`,
  );
}
