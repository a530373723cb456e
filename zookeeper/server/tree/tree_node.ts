/**
 * The shapes that the tree is made of and told about: nodes, what to make, what has happened.
 *
 * @module
 */

import type { Acl } from "../../types.ts";

/** One node. Only the tree changes it. */
export interface TreeNode {
  /** Where it is; its name is the last component. */
  readonly path: string;
  /** Never changed in place. */
  data: Uint8Array;
  /** Never changed in place. */
  acl: readonly Acl[];
  /** The transaction that made it. */
  czxid: bigint;
  /** The transaction that last changed its data. */
  mzxid: bigint;
  /** The transaction that last changed its set of children. */
  pzxid: bigint;
  /** When it was made, in ms since 1970. */
  ctimeMs: number;
  /** When its data last changed, in ms since 1970. */
  mtimeMs: number;
  /** How often its data has changed. */
  version: number;
  /** How often its ACL has changed. */
  aversion: number;
  /** How many children were ever created: the next sequence number, and what `cversion` is derived from. */
  creates: number;
  /** The session that it ends with; 0n: none. */
  ephemeralOwner: bigint;
  /** A container is removed once its last child is gone. */
  isContainer: boolean;
  /** It is removed once it has had no children and no change for this long; 0: never. */
  ttlMs: number;
  /** The names of its children. */
  readonly children: Set<string>;
}

/** What happened to a node, for watches. */
export interface TreeEvent {
  type: "created" | "deleted" | "data_changed" | "children_changed";
  path: string;
  /** The list of the node at `path`: whoever may not read it hears nothing. Undefined: everybody may. */
  acl?: readonly Acl[];
}

/** Which transaction a change belongs to. */
export interface TransactionId {
  zxid: bigint;
  timeMs: number;
}

/** A node to be made. */
export interface CreateNode {
  path: string;
  data: Uint8Array;
  acl: readonly Acl[];
  sequential?: boolean;
  ephemeralOwner?: bigint;
  isContainer?: boolean;
  ttlMs?: number;
}

/** Nodes that the server itself needs; they cannot be created or deleted. */
export const ownPaths: readonly string[] = [
  "/",
  "/zookeeper",
  "/zookeeper/config",
  "/zookeeper/quota",
];

/** A node that nothing has happened to yet. */
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
    children: new Set(),
  };
}
