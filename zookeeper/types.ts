/**
 * The types that callers of the client meet. Nothing here knows the wire format.
 *
 * @module
 */

/** ZooKeeper's metadata of a node (`Stat` in zookeeper.jute). */
export interface Stat {
  /** The transaction that created the node. */
  czxid: bigint;
  /** The transaction that last changed its data. */
  mzxid: bigint;
  /** Creation time by the server's clock, in ms since 1970. */
  ctimeMs: number;
  /** Time of the last change of the data, in ms since 1970. */
  mtimeMs: number;
  /** Number of changes of the data. */
  version: number;
  /** Number of changes of the set of children. */
  cversion: number;
  /** Number of changes of the ACL. */
  aversion: number;
  /** The session that owns an ephemeral node; 0n for a persistent one. */
  ephemeralOwner: bigint;
  /** Length of the data, in bytes. */
  dataSizeBytes: number;
  /** Number of children. */
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
  /** The identity, in the scheme's own form: `anyone` for `world`, `user:hash` for `digest`. */
  id: string;
}

/** The bits of {@linkcode Acl.permissions}. */
export const permissions = { READ: 1, WRITE: 2, CREATE: 4, DELETE: 8, ADMIN: 16, ALL: 31 } as const;

/** Everybody may do everything. This is the default ACL of new nodes. */
export const openAcl: readonly Acl[] = [
  { permissions: permissions.ALL, scheme: "world", id: "anyone" },
];

/**
 * The kind of node that `create` makes. The server deletes an ephemeral node with its session, appends ten digits to the
 * name of a sequential one, and deletes a container some time after its last child.
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
 * - `connecting`: there is no session yet; the client tries the servers.
 * - `connected`: requests are sent.
 * - `suspended`: the connection is lost and the session may still live. Keep serving and change nothing.
 * - `expired`: the session is over, because the server said so or because the client's own clock says that it must be.
 *   `connecting` follows at once, for a new session.
 * - `closed`: `close()` was called. This state is final.
 */
export type SessionState = "connecting" | "connected" | "suspended" | "expired" | "closed";

/**
 * Something happened at `path`. An event is a hint to read again: it does not carry the new state.
 *
 * `resync` means that events may have been missed, because the connection or the session was replaced: read again
 * everything that the watch covers.
 */
export interface WatchEvent {
  /** What happened. */
  type: "created" | "deleted" | "data_changed" | "children_changed" | "resync";
  /** The node; for `resync`, the path of the watch. */
  path: string;
}

/** Called for each event of a watch, in the order of the wire. An error that it throws is logged and goes no further. */
export type WatchListener = (event: WatchEvent) => void;

/** A watch that stays until it is removed. */
export interface Watch {
  /** The path that is watched. */
  readonly path: string;
  /** Whether everything below it is watched as well. */
  readonly recursive: boolean;
  /**
   * Removes the watch. No event reaches the listener after this call; the promise resolves when the server has removed
   * its watch, too. Harmless to repeat.
   */
  remove(options?: CallOptions): Promise<void>;
}

/** Options of every call. */
export interface CallOptions {
  /** Its abort rejects the call with the signal's reason. A request that was sent may still happen. */
  signal?: AbortSignal | undefined;
  /** Deadline in ms, including the wait for a connection. Default: the client's `operationTimeoutMs`. */
  timeoutMs?: number | undefined;
}

/** Options of the reads that can leave a one-shot watch. */
export interface ReadOptions extends CallOptions {
  /**
   * Called once: at the first change after this read, before any newer data reaches the caller, or with `resync` if the
   * session is lost before that.
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
   * Time to live, in ms: the server deletes the node once it has had no children and no change for this long; it looks
   * about once a minute. Only for the persistent modes; 1 to 2^40 - 1. A real server answers `UNIMPLEMENTED` unless it
   * runs with `zookeeper.extendedTypesEnabled=true`. Default: none, the node stays.
   */
  ttlMs?: number | undefined;
}

/** Which watches `removeWatches` removes: those on a node's data and existence, those on its children, or all. */
export type WatchKind = "data" | "children" | "any";

/** The configuration of an ensemble, as `config` returns it. */
export interface EnsembleConfig {
  /** The node's data as it is, one setting per line; empty at a standalone server. */
  text: string;
  /** The id and the address line of each member, as `host:port:port:participant;host:port`. */
  servers: { id: string; address: string }[];
  /** The ensemble's version of its configuration; undefined at a standalone server. */
  version: bigint | undefined;
  /** The stat of `/zookeeper/config`. */
  stat: Stat;
}

/** Options of `set` and `delete`. */
export interface VersionOptions extends CallOptions {
  /** The version that the node must have; default: any. */
  version?: number | undefined;
}

/** Data of a node as callers hand it in: a string is sent as UTF-8. */
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
