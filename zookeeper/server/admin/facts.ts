/**
 * What the coordinator's page shows, as plain data; programs read the same from `/facts.json`.
 *
 * @module
 */

/** The figures of a coordinator. */
export interface AdminFacts {
  /** Where clients connect. */
  connectString: string;
  /** Where the data is; null: in memory alone. */
  dataDir: string | null;
  upTimeMs: number;
  /** The id of the last change, in hexadecimal. */
  zxid: string;
  connections: number;
  nodes: number;
  ephemerals: number;
  watches: number;
  dataSizeBytes: number;
  /** Over the last ten seconds. */
  commitsPerSecond: number;
  /** Over the last ten seconds. */
  changesPerSecond: number;
  /** Changes in each of the last seconds that are over, the latest last. */
  changesBySecond: number[];
  sessions: SessionFacts[];
}

/** One session. */
export interface SessionFacts {
  /** In hexadecimal, as other tools show it. */
  id: string;
  timeoutMs: number;
  /** Its client's address; null while it is not connected. */
  client: string | null;
  /** How long nothing was heard of its client. */
  silentMs: number;
  ephemerals: number;
  watches: number;
}

/** One node as the page shows it. */
export interface NodeView {
  /** The first children by name, as many as anybody reads. */
  children: ChildView[];
  /** How many there are in all. */
  childCount: number;
  version: number;
  cversion: number;
  aversion: number;
  /** Ids of changes, in hexadecimal. */
  czxid: string;
  mzxid: string;
  pzxid: string;
  /** In hexadecimal; undefined: it is not ephemeral. */
  ephemeralOwner: string | undefined;
  isContainer: boolean;
  /** 0: for ever. */
  ttlMs: number;
  ctimeMs: number;
  mtimeMs: number;
  dataSizeBytes: number;
  /** Who may do what, as `cdrwa world:anyone`; without hashes of passwords. */
  acl: string[];
  /** False if not everybody may read it: then there are neither children nor text. */
  isPublic: boolean;
  /** The data as text; undefined if it is none, is long, or not everybody may read it. */
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
