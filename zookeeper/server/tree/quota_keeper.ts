/**
 * Keeps the tree's quotas: it looks at each change before it is done, counts it afterwards, and can undo what it counted.
 * What a quota is and how its nodes are written is in `quotas.ts`.
 *
 * @module
 */

import {
  type ExceededQuota,
  exceededQuotas,
  formatFigures,
  limitsPath,
  parseLimits,
  type QuotaFigures,
  quotaNode,
  QuotaPaths,
  quotaRoot,
  statsPath,
} from "./quotas.ts";
import { Refusal } from "./refusal.ts";
import { bytesOf, type TreeNode } from "./tree_node.ts";

/** Settings of a {@linkcode QuotaKeeper}. */
export interface QuotaOptions {
  /** Whether what exceeds a hard quota is refused. Default false, as in ZooKeeper: it is only counted. */
  enforceQuota?: boolean | undefined;
  /** Called when a change exceeds a quota, before it is done or refused. */
  onQuotaExceeded?: ((exceeded: ExceededQuota) => void) | undefined;
}

/** What it needs of the tree. */
export interface QuotaTree {
  /** Returns a node; undefined if there is none. */
  find(path: string): TreeNode | undefined;
  /** Returns the paths of all nodes below one. */
  descendants(path: string): string[];
  /** Replaces a node's data within the present transaction. That is no change that a client makes: no version counts it. */
  note(node: TreeNode, data: Uint8Array): void;
  /** Says how to undo something of the present transaction. */
  onUndo(undo: () => void): void;
}

/** The quotas of a tree. */
export class QuotaKeeper {
  readonly #tree: QuotaTree;
  readonly #options: QuotaOptions;
  readonly #paths = new QuotaPaths();

  constructor(tree: QuotaTree, options: QuotaOptions) {
    this.#tree = tree;
    this.#options = options;
  }

  /** Finds the quotas of a tree that was stored, and counts: an earlier version may not have done so. */
  restore(): void {
    for (const path of this.#tree.descendants(quotaRoot)) {
      const quota = quotaNode(path);
      if (quota?.kind !== "limits") continue;
      this.#paths.add(quota.path);
      this.#recount(quota.path);
    }
  }

  /** Looks at a change before it is done. @throws {Refusal} `QUOTA_EXCEEDED` */
  check(path: string, change: QuotaFigures): void {
    const quota = this.#paths.nearest(path);
    const limits = quota && this.#tree.find(limitsPath(quota));
    const stats = quota && this.#tree.find(statsPath(quota));
    if (!quota || !limits || !stats) return;
    const { enforceQuota = false, onQuotaExceeded } = this.#options;
    const exceeded = exceededQuotas(quota, {
      limits: parseLimits(bytesOf(limits)),
      present: parseLimits(bytesOf(stats)),
      change,
    });
    for (const each of exceeded) {
      onQuotaExceeded?.(each);
      if (each.isHard && enforceQuota) throw new Refusal("QUOTA_EXCEEDED");
    }
  }

  /** Counts a node that has come (1) or gone (-1), and begins or ends the quota whose own node it is. */
  countNode(node: TreeNode, count: 1 | -1): void {
    const own = quotaNode(node.path);
    if (own?.kind === "limits") this.#switch(own.path, count === 1);
    if (own?.kind === "stats" && count === 1) this.#recount(own.path);
    this.count(node.path, { count, bytes: bytesOf(node).length * count });
  }

  /** Counts a change. */
  count(path: string, change: QuotaFigures): void {
    const quota = this.#paths.nearest(path);
    const stats = quota && this.#tree.find(statsPath(quota));
    if (!stats) return;
    const { count, bytes } = parseLimits(bytesOf(stats));
    const figures = { count: count + change.count, bytes: bytes + change.bytes };
    this.#tree.note(stats, formatFigures(figures));
  }

  #switch(path: string, isOn: boolean): void {
    if (isOn) this.#paths.add(path);
    else this.#paths.delete(path);
    this.#tree.onUndo(() => isOn ? this.#paths.delete(path) : this.#paths.add(path));
  }

  #recount(quota: string): void {
    const stats = this.#tree.find(statsPath(quota));
    if (stats === undefined) return;
    const paths = [quota, ...this.#tree.descendants(quota)];
    const nodes = paths.flatMap((path) => this.#tree.find(path) ?? []);
    const bytes = nodes.reduce((sum, node) => sum + bytesOf(node).length, 0);
    this.#tree.note(stats, formatFigures({ count: nodes.length, bytes }));
  }
}
