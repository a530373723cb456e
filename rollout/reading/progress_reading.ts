/**
 * What a host reads to see how far the first wave has come, whichever service it is for: which nodes it needs, and what they
 * say. Pure.
 *
 * @module
 */

import { controlSchema } from "../entries.ts";
import type { WaveProgress } from "../progress.ts";
import {
  CONTROL,
  DEPLOY,
  donePath,
  readyPath,
  type SequentialName,
  servicePath,
  slotsPath,
} from "../tree.ts";
import { queueVersion } from "./census_reading.ts";
import { decodeNode, type RawNode, type TreePart } from "./node.ts";
import { keepSequential } from "./node_names.ts";
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

/** The first wave of the queue, by its name; `null` if there is none. */
export function firstWaveName(tree: Pick<TreePart, "children">): SequentialName | null {
  return keepSequential(tree.children(DEPLOY), DEPLOY, new Problems())[0] ?? null;
}

/**
 * What there is to know of the first wave; `null` if it is gone, or if its hosts are not counted, as those of an earlier version.
 *
 * @throws {EntryError} when it cannot be read.
 */
export function decodeFirstWave(
  name: SequentialName,
  node: RawNode,
  tree: Pick<TreePart, "node">,
): KnownWave | null {
  const wave = decodeWave(name, node);
  if (wave === null || wave.entry.tally === undefined) return null;
  return {
    queueVersion: queueVersion(tree),
    node: name.node,
    znodeVersion: wave.znodeVersion,
    service: wave.entry.service,
    tally: wave.entry.tally,
  };
}

/**
 * Puts a look together; `null` while control is not `running`, since nobody gets any further then, or if a node is missing.
 *
 * @throws {EntryError} when an entry cannot be read.
 */
export function decodeProgress(
  wave: KnownWave,
  tree: Pick<TreePart, "node">,
): WaveProgress | null {
  const { node, znodeVersion, service, tally } = wave;
  const control = decodeNode(controlSchema, tree.node(CONTROL), CONTROL);
  const serviceNode = tree.node(servicePath(service));
  const entry = decodeService(service, serviceNode);
  const ready = tree.node(readyPath(service, tally));
  const done = tree.node(donePath(service, tally));
  if (control === null || control.entry.state !== "running" || entry === null) return null;
  if (ready === null || done === null || !("version" in ready)) return null;
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
    policy: entry.entry.policy,
  };
}
