/**
 * Reads many nodes of the tree in few requests, and tells a missing node from one that cannot be read. Whoever can reach the
 * ensemble can write any bytes into any node, so everything that is read has a bound.
 *
 * @module
 */

import { ADVICE, checkChildCount, EntryError, maxBytesOf, type RawNode } from "../rollout/mod.ts";
import { op, type ReadResult, type ZooKeeper, ZooKeeperError } from "../zookeeper/mod.ts";

/**
 * Reads per `multiRead`. A node has at most a megabyte, and the client takes replies of 64 MiB: a stranger's fifty largest
 * nodes must not end the session.
 */
const READS_PER_REQUEST = 50;

/** Most bytes of all entries of one reading: a fleet of ten thousand hosts has a tenth of it. */
const READING_MAX_BYTES = 64 * 1024 * 1024;

/**
 * Reads several nodes; a missing node is `null`. Data that are too large for an entry of their path are dropped at once.
 *
 * @throws {EntryError} when they have more than {@link READING_MAX_BYTES} together.
 */
export async function readNodes(
  zk: ZooKeeper,
  paths: readonly string[],
): Promise<RawNode[]> {
  const nodes: RawNode[] = [];
  let sizeBytes = 0;
  for (let start = 0; start < paths.length; start += READS_PER_REQUEST) {
    const part = paths.slice(start, start + READS_PER_REQUEST);
    const results = await zk.multiRead(part.map((path) => op.get(path)));
    part.forEach((path, index) => {
      const node = toRawNode(results[index], path);
      if (node !== null && "data" in node) sizeBytes += node.data.length;
      nodes.push(node);
    });
    if (sizeBytes > READING_MAX_BYTES) {
      throw new EntryError(
        `read ${paths[0]} and ${paths.length - 1} others: expected at most ` +
          `${READING_MAX_BYTES} bytes together, there are more; delete what is not Rollcall's`,
      );
    }
  }
  return nodes;
}

/**
 * The children of several nodes; a missing node has none.
 *
 * @param max Most children of each node.
 * @throws {EntryError} when a node has more, or cannot be read.
 */
export async function readChildren(
  zk: ZooKeeper,
  paths: readonly string[],
  max?: number,
): Promise<string[][]> {
  const stats = await Promise.all(paths.map((path) => zk.exists(path)));
  paths.forEach((path, index) => checkChildCount(path, stats[index]?.numChildren ?? 0, max));
  const lists: string[][] = [];
  for (let start = 0; start < paths.length; start += READS_PER_REQUEST) {
    const part = paths.slice(start, start + READS_PER_REQUEST);
    const results = await zk.multiRead(part.map((path) => op.children(path)));
    part.forEach((path, index) => lists.push(toChildren(results[index], path)));
  }
  return lists;
}

/** What a `get` of a `multiRead` found. */
export function toRawNode(
  result: ReadResult | ZooKeeperError | undefined,
  path: string,
): RawNode {
  if (result === undefined) return null;
  if (result instanceof ZooKeeperError) {
    return result.code === "NO_NODE" ? null : { problem: result.message, childCount: 0 };
  }
  if (result.kind !== "get") return null;
  const { data, stat } = result;
  const { numChildren: childCount, ephemeralOwner: session } = stat;
  const maxBytes = maxBytesOf(path);
  if (data.length > maxBytes) {
    const problem = `expected at most ${maxBytes} bytes, was ${data.length}; ${ADVICE}`;
    return { problem, childCount, session };
  }
  const { version, mtimeMs, cversion: childrenVersion } = stat;
  return { data, version, mtimeMs, childCount, childrenVersion, session };
}

/**
 * What a `children` of a `multiRead` found; none for a missing node.
 *
 * @throws {EntryError} when the list may not be read.
 */
export function toChildren(
  result: ReadResult | ZooKeeperError | undefined,
  path: string,
): string[] {
  if (result instanceof ZooKeeperError) {
    if (result.code === "NO_NODE") return [];
    throw new EntryError(`read ${path}: ${result.message}`, { cause: result });
  }
  return result?.kind === "children" ? result.children : [];
}

/** An entry; `null` if there is none that can be read. */
export function ifReadable<T>(decode: () => T | null): T | null {
  try {
    return decode();
  } catch (error) {
    if (error instanceof EntryError) return null;
    throw error;
  }
}
