/**
 * The types of the tree: nodes, requests to create one, and events.
 *
 * @module
 */

import type { Acl } from "../../types.ts";

/** One node. Only the tree (`data_tree.ts`) changes it. */
export interface TreeNode {
  /** Its path; the name is the last component. */
  readonly path: string;
  /** Its data; null is not the same as none. The bytes are never changed in place. */
  data: Uint8Array | null;
  /** Its access control list. The list is never changed in place. */
  acl: readonly Acl[];
  /** The transaction that created it. */
  czxid: bigint;
  /** The transaction that last changed its data. */
  mzxid: bigint;
  /** The transaction that last changed its set of children. */
  pzxid: bigint;
  /** When it was created, in ms since 1970. */
  ctimeMs: number;
  /** When its data last changed, in ms since 1970. */
  mtimeMs: number;
  /** Number of changes of its data. */
  version: number;
  /** Number of changes of its ACL. */
  aversion: number;
  /** Number of children that were ever created: the next sequence number; `cversion` is derived from it. */
  creates: number;
  /** The session with which it is deleted; 0n: none. */
  ephemeralOwner: bigint;
  /** Whether it is deleted once its last child is gone. */
  isContainer: boolean;
  /** Time to live, in ms: it is deleted once it has had no children and no change for this long; 0: never. */
  ttlMs: number;
  /** The names of its children. Most nodes have none, and share one empty set. */
  children: ReadonlySet<string>;
}

/** An event for watches. */
export interface TreeEvent {
  type: "created" | "deleted" | "data_changed" | "children_changed";
  path: string;
  /** ACL of the node: watchers that may not read the node hear nothing. Undefined: all may. */
  acl?: readonly Acl[];
}

/** The transaction that a change belongs to. */
export interface TransactionId {
  zxid: bigint;
  timeMs: number;
}

/** A request to create a node. */
export interface CreateNode {
  path: string;
  data: Uint8Array | null;
  acl: readonly Acl[];
  sequential?: boolean;
  ephemeralOwner?: bigint;
  isContainer?: boolean;
  ttlMs?: number;
}

/** The server's own nodes; clients can neither create nor delete them. */
export const ownPaths: readonly string[] = [
  "/",
  "/zookeeper",
  "/zookeeper/config",
  "/zookeeper/quota",
];

/** Returns a node's data as bytes, where null need not be told from none. */
export function bytesOf({ data }: Pick<TreeNode, "data">): Uint8Array {
  return data ?? noBytes;
}

const noBytes = new Uint8Array(0);

/** The children of every node that has none. */
export const noChildren: ReadonlySet<string> = new Set();

/** Returns a new node. */
export function newNode(request: CreateNode, { zxid, timeMs }: TransactionId): TreeNode {
  return {
    path: request.path,
    data: request.data,
    acl: request.acl,
    czxid: zxid,
    mzxid: zxid,
    pzxid: zxid,
    ctimeMs: timeMs,
    mtimeMs: timeMs,
    version: 0,
    aversion: 0,
    creates: 0,
    ephemeralOwner: request.ephemeralOwner ?? 0n,
    isContainer: request.isContainer ?? false,
    ttlMs: request.ttlMs ?? 0,
    children: noChildren,
  };
}
