/**
 * Which waves of the deploy queue a host reads: its service's, the head of the queue, and the one that goes before its own.
 *
 * @module
 */

import { headOfQueue } from "../queue_head.ts";
import { DEPLOY, type SequentialName, wavePath } from "../tree.ts";
import { keepSequential } from "./node_names.ts";
import type { TreePart } from "./node.ts";
import { Problems } from "./problems.ts";
import { decodeWave } from "./shared_entries.ts";

/** The waves that are read first: the head of the queue, and this service's. */
export function wavesOf(
  service: string,
  queue: readonly SequentialName[],
): readonly SequentialName[] {
  return queue.filter(({ prefix }, index) => index === 0 || prefix === service);
}

/**
 * The wave that is next for the service, once the waves of {@link wavesOf} were read; `null` if the queue is empty.
 *
 * @throws {EntryError} when the service's first wave cannot be read.
 */
export function nextWaveOf(
  service: string,
  queue: readonly SequentialName[],
  tree: Pick<TreePart, "node">,
): SequentialName | null {
  const names = new Map(queue.map((name) => [name.node, name]));
  const nodes = queue.map(({ node, prefix }) => ({ node, service: prefix }));
  const head = headOfQueue(service, nodes, (node) => {
    const name = names.get(node);
    return name === undefined
      ? undefined
      : decodeWave(name, tree.node(wavePath(node)))?.entry.after;
  });
  return head === null ? null : names.get(head) ?? null;
}

/** The nodes of the waves that a census needs at first: the head of the queue, and the service's. */
export function wavePaths(service: string, tree: Pick<TreePart, "children">): readonly string[] {
  const queue = queueIn(tree, new Problems());
  return wavesOf(service, queue).map(({ node }) => wavePath(node));
}

/**
 * The node of the wave that goes before the service's, once {@link wavePaths} were read; none if it was among them.
 *
 * @throws {EntryError} when a wave cannot be read.
 */
export function nextWavePaths(service: string, tree: TreePart): readonly string[] {
  const next = nextWaveOf(service, queueIn(tree, new Problems()), tree);
  return next === null || tree.node(wavePath(next.node)) !== null ? [] : [wavePath(next.node)];
}

/** The deploy queue, by its names, in order. */
export function queueIn(
  tree: Pick<TreePart, "children">,
  problems: Problems,
): readonly SequentialName[] {
  return keepSequential(tree.children(DEPLOY), DEPLOY, problems);
}
