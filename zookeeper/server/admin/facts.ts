/**
 * The data of the coordinator's page, as plain data; programs read the same from `/facts.json`.
 *
 * @module
 */

/** The figures of a coordinator. */
export interface AdminFacts {
  /** The connect string for clients. */
  connectString: string;
  /** Folder of the data; null: only in memory. */
  dataDir: string | null;
  /** Time since the start, in ms. */
  upTimeMs: number;
  /** The zxid of the last change, in hexadecimal. */
  zxid: string;
  /** Number of connections. */
  connections: number;
  /** Number of nodes. */
  nodes: number;
  /** Number of ephemeral nodes. */
  ephemerals: number;
  /** Number of watches. */
  watches: number;
  /** Bytes of all data and paths. */
  dataSizeBytes: number;
  /** Commits per second, averaged over the last ten seconds. */
  commitsPerSecond: number;
  /** Changes per second, averaged over the last ten seconds. */
  changesPerSecond: number;
  /** Changes in each of the last whole seconds, at most 60, the latest last. */
  changesBySecond: number[];
  /** All sessions. */
  sessions: SessionFacts[];
}

/** One session as the page shows it. */
export interface SessionFacts {
  /** Id in hexadecimal, as other tools show it. */
  id: string;
  /** The session time-out that was granted, in ms. */
  timeoutMs: number;
  /** Its client's address; null while it is not connected. */
  client: string | null;
  /** Time since its client was heard last, in ms. */
  silentMs: number;
  /** Number of its ephemeral nodes. */
  ephemerals: number;
  /** Number of its watches. */
  watches: number;
}

/** One node as the page shows it. */
export interface NodeView {
  /** The first children by name, at most 500. */
  children: ChildView[];
  /** Number of all children. */
  childCount: number;
  version: number;
  cversion: number;
  aversion: number;
  /** Zxids in hexadecimal, as in a stat. */
  czxid: string;
  mzxid: string;
  pzxid: string;
  /** Id of the owning session in hexadecimal; undefined if the node is not ephemeral. */
  ephemeralOwner: string | undefined;
  isContainer: boolean;
  /** Time to live, in ms; 0: for ever. */
  ttlMs: number;
  ctimeMs: number;
  mtimeMs: number;
  dataSizeBytes: number;
  /** The ACL, as `cdrwa world:anyone`; without hashes of passwords. */
  acl: string[];
  /** Whether everybody may read the node; if not, neither children nor text are shown. */
  isPublic: boolean;
  /** The data as text; undefined if it is no text, is too long, or may not be read by everybody. */
  text: string | undefined;
}

/** A child in the list of its parent. */
export interface ChildView {
  name: string;
  childCount: number;
  dataSizeBytes: number;
  version: number;
  isEphemeral: boolean;
  mtimeMs: number;
}
