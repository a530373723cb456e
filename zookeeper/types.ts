/**
 * The shapes that callers of the client meet. Nothing here knows the wire format.
 *
 * @module
 */

/** What ZooKeeper knows about a node beside its data (zookeeper.jute, `Stat`). */
export interface Stat {
  /** The transaction that created the node. */
  czxid: bigint;
  /** The transaction that last changed its data. */
  mzxid: bigint;
  /** Creation time by the server's clock, in ms since 1970. */
  ctimeMs: number;
  /** Time of the last change of the data, in ms since 1970. */
  mtimeMs: number;
  /** How often the data has changed. */
  version: number;
  /** How often the set of children has changed. */
  cversion: number;
  /** How often the ACL has changed. */
  aversion: number;
  /** The session that owns an ephemeral node; 0n for a persistent one. */
  ephemeralOwner: bigint;
  /** Length of the data. */
  dataSizeBytes: number;
  /** How many children there are now. */
  numChildren: number;
  /** The transaction that last changed the set of children. */
  pzxid: bigint;
}

/** One entry of an access control list. */
export interface Acl {
  /** Sum of {@linkcode permissions}. */
  permissions: number;
  /** `world`, `digest`, `ip`, `auth`, … */
  scheme: string;
  /** Who, in the scheme's own form: `anyone` for `world`, `user:hash` for `digest`. */
  id: string;
}

/** The bits of {@linkcode Acl.permissions}. */
export const permissions = { READ: 1, WRITE: 2, CREATE: 4, DELETE: 8, ADMIN: 16, ALL: 31 } as const;

/** Everybody may do everything: the default for new nodes. */
export const openAcl: readonly Acl[] = [
  { permissions: permissions.ALL, scheme: "world", id: "anyone" },
];

/**
 * What kind of node `create` makes. Ephemeral ones end with the session; sequential ones get ten digits
 * appended to their name; a container goes some time after its last child has gone.
 */
export type CreateMode =
  | "persistent"
  | "ephemeral"
  | "persistent_sequential"
  | "ephemeral_sequential"
  | "container";

/**
 * The state of the client.
 *
 * - `connecting`: no session yet; servers are being tried.
 * - `connected`: requests go out.
 * - `suspended`: the connection is lost, the session may still live. Change nothing.
 * - `expired`: the session is over, by the server's word or by the client's own clock. `connecting`
 *   follows at once, with a new session.
 * - `closed`: by `close()`; final.
 */
export type SessionState = "connecting" | "connected" | "suspended" | "expired" | "closed";

/**
 * Something happened at `path`; a hint to read again, not the news itself.
 *
 * `resync` means that events may have been missed (the connection or the session was replaced):
 * read again everything that the watch covers.
 */
export interface WatchEvent {
  /** What happened. */
  type: "created" | "deleted" | "data_changed" | "children_changed" | "resync";
  /** The node that it happened to; for `resync`, the path of the watch. */
  path: string;
}

/** Called for each event of a watch, in the order of the wire. An error thrown by it is logged and swallowed. */
export type WatchListener = (event: WatchEvent) => void;

/** A watch that stays until it is removed. */
export interface Watch {
  /** The path that is watched. */
  readonly path: string;
  /** Whether everything below it is watched as well. */
  readonly recursive: boolean;
  /**
   * Ends it. No event reaches the listener after this was called; the promise is about the server's own
   * watch. Harmless to repeat.
   */
  remove(options?: CallOptions): Promise<void>;
}

/** What every call takes. */
export interface CallOptions {
  /** Gives up waiting when it aborts, with the signal's reason. What was sent may still happen. */
  signal?: AbortSignal | undefined;
  /** Deadline in ms, including the wait for a connection. Default: the client's `operationTimeoutMs`. */
  timeoutMs?: number | undefined;
}

/** Options of the reads that can leave a one-shot watch. */
export interface ReadOptions extends CallOptions {
  /**
   * Called once: at the first change after this read, before any newer data reaches the caller; or
   * with `resync` if the session was lost before that.
   */
  watch?: WatchListener | undefined;
}

/** Options of `create`. */
export interface CreateOptions extends CallOptions {
  /** Default `persistent`. */
  mode?: CreateMode | undefined;
  /** Default {@linkcode openAcl}. */
  acl?: readonly Acl[] | undefined;
  /**
   * The server removes the node once it has had no children and no change for this long, in ms; it looks
   * about once a minute. Only for the persistent modes; 1 to 2^40 - 1. A real server refuses it with
   * `UNIMPLEMENTED` unless it runs with `zookeeper.extendedTypesEnabled=true`. Default: for ever.
   */
  ttlMs?: number | undefined;
}

/** Which watches `removeWatches` means: on a node's data and existence, on its children, or every one. */
export type WatchKind = "data" | "children" | "any";

/** What `config` tells of an ensemble. */
export interface EnsembleConfig {
  /** The node's data as it is, one setting a line; empty at a standalone server. */
  text: string;
  /** The id and the address line of each member, as `host:port:port:participant;host:port`. */
  servers: { id: string; address: string }[];
  /** The configuration's version in the ensemble's own count; undefined at a standalone server. */
  version: bigint | undefined;
  /** The stat of `/zookeeper/config`. */
  stat: Stat;
}

/** Options of `set` and `delete`. */
export interface VersionOptions extends CallOptions {
  /** Only if the node has this version; default: any. */
  version?: number | undefined;
}

/** Data as callers hand it in: a string is sent as UTF-8. */
export type NodeData = Uint8Array | string;

/** One write of a `multi`; made by {@linkcode op}. */
export type MultiOperation =
  | {
    kind: "create";
    path: string;
    data: Uint8Array;
    mode: CreateMode;
    acl: readonly Acl[];
    ttlMs?: number | undefined;
  }
  | { kind: "set"; path: string; data: Uint8Array; version: number }
  | { kind: "delete"; path: string; version: number }
  | { kind: "check"; path: string; version: number };

/** The result of one operation of a `multi` that succeeded. */
export type MultiResult =
  | { kind: "create"; path: string }
  | { kind: "set"; stat: Stat }
  | { kind: "delete" }
  | { kind: "check" };

/** One read of a `multiRead`; made by {@linkcode op}. */
export type ReadOperation = { kind: "get"; path: string } | { kind: "children"; path: string };

/** The result of one read of a `multiRead`. */
export type ReadResult =
  | { kind: "get"; data: Uint8Array; stat: Stat }
  | { kind: "children"; children: string[] };
