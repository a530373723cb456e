/**
 * Makes changes safe in groups: everything that was done in one turn of the event loop goes into one transaction of
 * the storage, and only then do the replies leave.
 *
 * @module
 */

import { nextTurn } from "../../clock.ts";
import type { DataTree } from "../tree/data_tree.ts";
import type { TreeNode } from "../tree/tree_node.ts";
import type { Storage, StoredSession } from "./storage.ts";

/** Whoever has output that waits for the commit behind it. */
export interface Releasable {
  release(): void;
}

/** What a {@linkcode GroupCommit} works on. */
export interface GroupCommitOptions {
  storage: Storage;
  tree: DataTree;
  sessions: { takeDirty(): { begun: StoredSession[]; ended: bigint[] } };
  /** The id of the last change in memory. */
  lastZxid(): bigint;
  /** A group is safe; how many changes it held. */
  onCommit(changes: number): void;
  /** The storage failed: memory is ahead of the disk, and nobody may hear of it. */
  onFailure(error: unknown): void;
}

/** Commits what the tree and the sessions call dirty, and releases the output that depends on it. */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #waiting = new Set<Releasable>();
  #committedZxid: bigint;
  #scheduled = false;
  #stopped = false;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
    this.#committedZxid = options.lastZxid();
  }

  /** Commits in a later turn, so that all that has arrived by then is in it; then releases `output`. */
  schedule(output?: Releasable): void {
    if (output !== undefined) this.#waiting.add(output);
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    nextTurn().then(() => this.flush());
  }

  /** Commits now what is scheduled. */
  flush(): void {
    if (!this.#scheduled || this.#stopped) return;
    this.#scheduled = false;
    try {
      this.#commit();
    } catch (error) {
      this.#stopped = true;
      this.#options.onFailure(error);
      return;
    }
    const released = [...this.#waiting];
    this.#waiting.clear();
    for (const output of released) output.release();
  }

  /** Forgets an output whose client has gone. */
  forget(output: Releasable): void {
    this.#waiting.delete(output);
  }

  /** Nothing is committed or released from now on. */
  stop(): void {
    this.#stopped = true;
    this.#waiting.clear();
  }

  #commit(): void {
    const { storage, tree, sessions, lastZxid } = this.#options;
    const zxid = lastZxid();
    if (zxid === this.#committedZxid) return;
    const nodes: TreeNode[] = [];
    const counters: TreeNode[] = [];
    const deletedPaths: string[] = [];
    for (const [path, whole] of tree.takeDirty()) {
      const node = tree.find(path);
      if (node === undefined) deletedPaths.push(path);
      else (whole ? nodes : counters).push(node);
    }
    const { begun, ended } = sessions.takeDirty();
    storage.commit({
      lastZxid: zxid,
      nodes,
      counters,
      deletedPaths,
      sessions: begun,
      endedSessions: ended,
    });
    this.#options.onCommit(Number(zxid - this.#committedZxid));
    this.#committedZxid = zxid;
  }
}
