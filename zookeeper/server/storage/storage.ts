/**
 * The interface of a durable storage. The tree itself is in memory: a storage gives everything back at the start, and
 * then gets the changes in groups from `group_commit.ts`. `sqlite_storage.ts` is the one that keeps them in a file.
 *
 * @module
 */

import type { TreeNode } from "../tree/tree_node.ts";

/** A session as it is stored, without the state of its connection. */
export interface StoredSession {
  /** Id of the session; never 0n. */
  id: bigint;
  /** The password that resumes the session. */
  password: Uint8Array;
  /** The session time-out that was granted, in ms. */
  timeoutMs: number;
}

/** The state with which a server goes on where an earlier one stopped. */
export interface StoredState {
  /** The zxid of the last change. */
  lastZxid: bigint;
  /** All nodes, in any order, to be taken once; the children follow from the paths. */
  nodes: Iterable<Omit<TreeNode, "children">>;
  /** The sessions that had not ended. */
  sessions: StoredSession[];
}

/** One group of changes, which must become durable together or not at all. */
export interface Commit {
  /** The zxid of the last change in the group. */
  lastZxid: bigint;
  /** Nodes that are new, or of which more than `creates` and `pzxid` changed. */
  nodes: readonly TreeNode[];
  /** Nodes of which only `creates` and `pzxid` changed: their data need not be written again. */
  counters: readonly TreeNode[];
  /** Nodes that were deleted; some may never have been stored. */
  deletedPaths: readonly string[];
  /** Sessions that began. */
  sessions: readonly StoredSession[];
  /** Sessions that ended. */
  endedSessions: readonly bigint[];
}

/** A durable storage. */
export interface Storage {
  /** Returns the whole state that was committed last. Called once, before anything else. */
  load(): StoredState;
  /** Returns once the changes are durable. If it throws, no client may be told that they happened. */
  commit(commit: Commit): void;
  /** Gives a little room back that is no longer needed. Called now and then, beside all else: it must not take long. */
  tidy(): void;
  /** Returns the size of what is stored, in bytes. */
  sizeBytes(): number;
  /** Frees everything. Called once, after everything else. */
  close(): void;
}

/** A storage that keeps nothing: for tests, and for a server whose state may be lost with it. */
export const noStorage: Storage = {
  load: () => ({ lastZxid: 0n, nodes: [], sessions: [] }),
  commit() {},
  tidy() {},
  sizeBytes: () => 0,
  close() {},
};
