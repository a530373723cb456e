/**
 * Where the coordinator keeps what must outlive its process. The tree itself is in memory; a storage is told what
 * changed, in groups, and gives everything back at the start.
 *
 * @module
 */

import type { TreeNode } from "../tree/tree_node.ts";

/** A session as it is stored: whether its client is connected is not part of it. */
export interface StoredSession {
  /** As its client knows it; never 0n. */
  id: bigint;
  /** What the client must show to go on with it. */
  password: Uint8Array;
  /** After this long without a word from the client it is over. */
  timeoutMs: number;
}

/** Everything a coordinator needs to go on where an earlier one stopped. */
export interface StoredState {
  /** The id of the last change. */
  lastZxid: bigint;
  /** All nodes, in any order; who is whose child follows from the paths. */
  nodes: Omit<TreeNode, "children">[];
  /** The sessions that had not ended. */
  sessions: StoredSession[];
}

/** One group of changes, all or none of which must survive. */
export interface Commit {
  /** The id of the last change in it. */
  lastZxid: bigint;
  /** Nodes of which more than the counters changed, or which are new. */
  nodes: readonly TreeNode[];
  /** Nodes of which only `creates` and `pzxid` changed: their data need not be written again. */
  counters: readonly TreeNode[];
  /** Nodes that are gone; some may never have been stored. */
  deletedPaths: readonly string[];
  /** Sessions that have begun. */
  sessions: readonly StoredSession[];
  /** Sessions that are over. */
  endedSessions: readonly bigint[];
}

/** A place that outlives the process. */
export interface Storage {
  /** What was committed last, as a whole. Called once, first. */
  load(): StoredState;
  /** Returns once the changes are safe. If it throws, nobody may be told that they happened. */
  commit(commit: Commit): void;
  /** Called once, last. */
  close(): void;
}

/** Keeps nothing: for tests and for a coordinator whose state may end with it. */
export const noStorage: Storage = {
  load: () => ({ lastZxid: 0n, nodes: [], sessions: [] }),
  commit() {},
  close() {},
};
