/**
 * The part of the tree that a reading has brought so far.
 *
 * @module
 */

import type { RawNode, TreePart } from "../rollout/mod.ts";
import { op, type ZooKeeper } from "../zookeeper/mod.ts";
import { readNodes, toChildren, toRawNode } from "./entry_reader.ts";

/** Nodes and lists of children by path. What was not read counts as not there. */
export class NodesRead implements TreePart {
  readonly #zk: ZooKeeper;
  readonly #nodes = new Map<string, RawNode>();
  readonly #children = new Map<string, readonly string[]>();

  constructor(zk: ZooKeeper) {
    this.#zk = zk;
  }

  /** The node at a path; `null` if there is none, or if it was not read. */
  readonly node = (path: string): RawNode => this.#nodes.get(path) ?? null;

  /** The names of its children; none if they were not read. */
  readonly children = (path: string): readonly string[] => this.#children.get(path) ?? [];

  /** Reads few nodes and lists in one request. @throws {EntryError} when a list may not be read. */
  async readOnce(paths: readonly string[], parents: readonly string[] = []): Promise<void> {
    if (paths.length + parents.length === 0) return;
    const results = await this.#zk.multiRead([
      ...paths.map((path) => op.get(path)),
      ...parents.map((path) => op.children(path)),
    ]);
    paths.forEach((path, index) => this.#nodes.set(path, toRawNode(results[index], path)));
    parents.forEach((path, index) =>
      this.#children.set(path, toChildren(results[paths.length + index], path))
    );
  }

  /** Reads any number of nodes. @throws {EntryError} when they are too large together. */
  async readMany(paths: readonly string[]): Promise<void> {
    const nodes = await readNodes(this.#zk, paths);
    paths.forEach((path, index) => this.#nodes.set(path, nodes[index] ?? null));
  }
}
