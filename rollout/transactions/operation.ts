/**
 * A transaction as data: the operations of one `multi`, which happen all or not at all. Whoever has a tree, in ZooKeeper or
 * in memory, applies them.
 *
 * @module
 */

/** How long a new node lives, and whether ZooKeeper completes its name. */
export type NodeMode =
  | "persistent"
  | "ephemeral"
  | "persistent_sequential"
  | "ephemeral_sequential";

/** One operation. Where a version is left out, any is good. */
export type TreeOperation =
  /** The node must have that version. */
  | { readonly op: "check"; readonly path: string; readonly version: number }
  /** The node must not exist yet, its parent must. Default mode: persistent. */
  | {
    readonly op: "create";
    readonly path: string;
    readonly data: Uint8Array;
    readonly mode?: NodeMode;
  }
  /** The node must exist. Its version goes up by one. */
  | {
    readonly op: "set";
    readonly path: string;
    readonly data: Uint8Array;
    readonly version?: number;
  }
  /** The node must exist, and have no children. */
  | { readonly op: "delete"; readonly path: string; readonly version?: number };

/** The operations of a transaction, in order. */
export type Transaction = readonly TreeOperation[];
