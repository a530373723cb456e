/**
 * The numbers of ZooKeeper's protocol (org.apache.zookeeper.ZooDefs and Watcher, 3.8). `wire/` is what the client and
 * the server share of the protocol: this file has its numbers, `jute.ts` its encoding, `records.ts` its records, and
 * `frame_buffer.ts` cuts received bytes into frames.
 *
 * @module
 */

/** Operation codes of requests. */
export const opcodes = {
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getAcl: 6,
  setAcl: 7,
  getChildren: 8,
  sync: 9,
  ping: 11,
  getChildren2: 12,
  check: 13,
  multi: 14,
  create2: 15,
  checkWatches: 17,
  removeWatches: 18,
  createContainer: 19,
  createTtl: 21,
  multiRead: 22,
  auth: 100,
  setWatches: 101,
  sasl: 102,
  getEphemerals: 103,
  getAllChildrenNumber: 104,
  setWatches2: 105,
  addWatch: 106,
  whoAmI: 107,
  closeSession: -11,
  /** Only inside the reply to a `multi`: this operation failed. */
  error: -1,
} as const;

/** Request ids (xids) with a fixed meaning; those of ordinary requests are positive. */
export const xids = { watchEvent: -1, ping: -2, auth: -4, setWatches: -8 } as const;

/** Event types of a watch notification. */
export const eventTypes = {
  none: -1,
  created: 1,
  deleted: 2,
  dataChanged: 3,
  childrenChanged: 4,
  dataWatchRemoved: 5,
  childWatchRemoved: 6,
  persistentWatchRemoved: 7,
} as const;

/** The keeper state in every watch notification of a live session. */
export const keeperStateConnected = 3;

/** Modes of `addWatch`. */
export const watchModes = { persistent: 0, persistentRecursive: 1 } as const;

/** Types of watches in `removeWatches` and `checkWatches`. */
export const watcherTypes = { children: 1, data: 2, any: 3 } as const;

/** `flags` of a create request. */
export const createFlags = {
  persistent: 0,
  ephemeral: 1,
  persistent_sequential: 2,
  ephemeral_sequential: 3,
  container: 4,
  persistent_ttl: 5,
  persistent_sequential_ttl: 6,
} as const;

/** The longest time to live of a node, in ms: 40 bits (EphemeralType), some 34 years. */
export const maxTtlMs = 2 ** 40 - 1;

/** ZooKeeper's default limit for one frame from a client (`jute.maxbuffer`, 0xfffff), in bytes. */
export const maxRequestSizeBytes = 0xfffff;
