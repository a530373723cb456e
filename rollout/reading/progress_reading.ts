/**
 * What a host reads to see how far the first wave has come, whichever service it is for: which nodes it needs, and what they
 * say. Pure.
 *
 * @module
 */

import { controlSchema, type Wave } from "../entries.ts";
import { freezeAt } from "../freeze/mod.ts";
import { closedGate, gateTimeMs } from "../gate.ts";
import type { WaveProgress } from "../progress.ts";
import { headOfQueue } from "../queue_head.ts";
import {
  CONTROL,
  DEPLOY,
  donePath,
  readyPath,
  type SequentialName,
  servicePath,
  slotsPath,
  wavePath,
} from "../tree.ts";
import { queueVersion } from "./census_reading.ts";
import { queueIn } from "./deploy_queue.ts";
import { decodeNode, type TreePart, type Versioned } from "./node.ts";
import { Problems } from "./problems.ts";
import { decodeService, decodeWave } from "./shared_entries.ts";

/** The first wave as it was read: good as long as the deploy queue stands. */
export interface KnownWave {
  /** The version of the deploy queue, see `queueVersion`. */
  readonly queueVersion: string;
  readonly node: string;
  readonly znodeVersion: number;
  readonly service: string;
  readonly tally: string;
  /** How long it may wait at its gate, in ms; 0 if it waits at none. */
  readonly gateMs: number;
  /** Whether its hosts switch in freeze windows, too. */
  readonly ignoresFreeze: boolean;
}

/** The nodes that each look begins with. The children of the deploy queue are read as well. */
export function progressPaths(known: KnownWave | null): readonly string[] {
  return [CONTROL, DEPLOY, ...known === null ? [] : wavePartPaths(known)];
}

/** The nodes that say how far a wave has come. */
export function wavePartPaths({ service, tally }: KnownWave): readonly string[] {
  return [
    servicePath(service),
    slotsPath(service),
    readyPath(service, tally),
    donePath(service, tally),
  ];
}

/** The node of the head of the queue; none if the queue is empty. */
export function headPaths(tree: Pick<TreePart, "children">): readonly string[] {
  return queueIn(tree, new Problems()).slice(0, 1).map(({ node }) => wavePath(node));
}

/**
 * The nodes of the other waves that may be next, once the head of the queue was read: none, unless services that have nothing to
 * do with each other go at the same time.
 *
 * @throws {EntryError} when the head cannot be read.
 */
export function otherWavePaths(tree: TreePart): readonly string[] {
  const [head, ...others] = queueIn(tree, new Problems());
  const isParallel = head !== undefined &&
    decodeWave(head, tree.node(wavePath(head.node)))?.entry.after !== undefined;
  return isParallel ? others.map(({ node }) => wavePath(node)) : [];
}

/**
 * The wave that is watched, of those that were read: the first one that is next for its service, and does not wait for a
 * person. `null` if there is none, or if its hosts are not counted, as those of an earlier version.
 *
 * @throws {EntryError} when a wave cannot be read.
 */
export function decodeWatchedWave(tree: TreePart): KnownWave | null {
  const names = queueIn(tree, new Problems());
  const queue = names.map(({ node, prefix }) => ({ node, service: prefix }));
  const waves = new Map(
    names.map((name) => [name.node, decodeWave(name, tree.node(wavePath(name.node)))]),
  );
  const afterOf = (node: string) => waves.get(node)?.entry.after;
  for (const name of names) {
    const wave = waves.get(name.node) ?? null;
    const isNext = headOfQueue(name.prefix, queue, afterOf) === name.node;
    const gateMs = wave === null ? null : gateTimeMs(closedGate(wave.entry));
    if (wave !== null && isNext && gateMs !== null) {
      return toKnownWave(name, wave, { tree, gateMs });
    }
  }
  return null;
}

function toKnownWave(
  name: SequentialName,
  wave: Versioned<Wave>,
  { tree, gateMs }: { readonly tree: TreePart; readonly gateMs: number },
): KnownWave | null {
  if (wave.entry.tally === undefined) return null;
  return {
    gateMs,
    queueVersion: queueVersion(tree),
    node: name.node,
    znodeVersion: wave.znodeVersion,
    service: wave.entry.service,
    tally: wave.entry.tally,
    ignoresFreeze: wave.entry.ignoresFreeze !== undefined,
  };
}

/**
 * Puts a look together; `null` while control is not `running`, since nobody gets any further then, or if a node is missing.
 *
 * @param own.wallTimeMs What the wall clock of this host shows, for freeze windows.
 * @throws {EntryError} when an entry cannot be read.
 */
export function decodeProgress(
  wave: KnownWave,
  tree: Pick<TreePart, "node">,
  { wallTimeMs }: { readonly wallTimeMs: number },
): WaveProgress | null {
  const { node, znodeVersion, service, tally, gateMs, ignoresFreeze } = wave;
  const control = decodeNode(controlSchema, tree.node(CONTROL), CONTROL);
  const serviceNode = tree.node(servicePath(service));
  const entry = decodeService(service, serviceNode);
  const ready = tree.node(readyPath(service, tally));
  const done = tree.node(donePath(service, tally));
  if (control === null || control.entry.state !== "running" || entry === null) return null;
  if (ready === null || done === null || !("version" in ready)) return null;
  const { policy } = entry.entry;
  const rosterVersion = serviceNode !== null && "data" in serviceNode
    ? serviceNode.childrenVersion
    : 0;
  return {
    service,
    node,
    key: `${node} ${znodeVersion} ${control.znodeVersion} ${rosterVersion}`,
    controlVersion: control.znodeVersion,
    readyCount: ready.childCount,
    doneCount: done.childCount,
    preparedCount: ready.version,
    isSwitching: (tree.node(slotsPath(service))?.childCount ?? 0) > 0,
    gateMs,
    frozenMs: ignoresFreeze ? 0 : freezeAt(policy.freeze, wallTimeMs)?.leftMs ?? 0,
    policy,
  };
}
