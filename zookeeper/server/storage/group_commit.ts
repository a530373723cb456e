/**
 * Commits changes in groups: all changes of one turn of the event loop are one transaction of the storage, and only
 * after it their replies are sent.
 *
 * @module
 */

import type { Clock } from "../../clock.ts";
import type { DataTree } from "../tree/data_tree.ts";
import type { TreeNode } from "../tree/tree_node.ts";
import type { Storage, StoredSession } from "./storage.ts";

/** An output that is held back until the changes that it reports are committed. */
export interface Releasable {
  /** Lets everything that was appended so far be sent. */
  release(): void;
}

/** Dependencies of a {@linkcode GroupCommit}. */
export interface GroupCommitOptions {
  /** Says when a turn of the event loop is over. */
  clock: Pick<Clock, "nextTurn">;
  /** Where the changes are made durable. */
  storage: Storage;
  /** The tree that changes. */
  tree: DataTree;
  /** The sessions that begin and end. */
  sessions: { takeDirty(): { begun: StoredSession[]; ended: bigint[] } };
  /** Returns the zxid of the last change in memory. */
  lastZxid(): bigint;
  /** Called after a commit, with the number of its changes. */
  onCommit(changes: number): void;
  /** Called when the storage failed: memory is ahead of the disk, and no client may learn of it. */
  onFailure(error: unknown): void;
}

/** Commits the dirty nodes and sessions, and then releases the output that reports them. */
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

  /** Schedules a commit for the next turn of the event loop, so that it has all requests of this turn; then releases `output`. */
  schedule(output?: Releasable): void {
    if (output !== undefined) this.#waiting.add(output);
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    this.#options.clock.nextTurn(() => this.flush());
  }

  /** Runs a scheduled commit now. */
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

  /** Removes an output whose client has gone. */
  forget(output: Releasable): void {
    this.#waiting.delete(output);
  }

  /** Stops: nothing is committed or released any more. */
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
