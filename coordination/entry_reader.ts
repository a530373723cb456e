/**
 * Reads many entries of the tree in few requests, and tells a missing entry from a broken one. Every entry is decoded here.
 *
 * Whoever can reach the ensemble can write any bytes into any node. So everything that is read has a bound, and whatever does
 * not fit becomes an {@link EntryError}, which the caller tells, and nothing else.
 *
 * @module
 */

import { ADVICE, decodeEntry, EntryError, maxBytesOf } from "../rollout/mod.ts";
import { op, type ReadResult, type ZooKeeper, ZooKeeperError } from "../zookeeper/mod.ts";
import type { z } from "zod";

/** An entry with the version of its node, for writes that depend on it. */
export interface Versioned<T> {
  readonly entry: T;
  readonly znodeVersion: number;
}

/** A node with its data. */
export interface NodeContent {
  readonly data: Uint8Array;
  readonly version: number;
  /** When the data last changed, by the server's clock, milliseconds since the epoch. */
  readonly mtimeMs: number;
  readonly childCount: number;
}

/** A node that is there and cannot be read. */
export interface UnreadableNode {
  /** Why. */
  readonly problem: string;
  /** 0 where it is not known. */
  readonly childCount: number;
}

/** A node as it was read: its content; why it cannot be read; or `null` if there is no such node. */
export type RawNode = NodeContent | UnreadableNode | null;

/**
 * Reads per `multiRead`. A node has at most a megabyte, and the client takes replies of 64 MiB: a stranger's fifty largest
 * nodes must not end the session.
 */
const READS_PER_REQUEST = 50;

/** Most bytes of all entries of one reading: a fleet of ten thousand hosts has a tenth of it. */
const READING_MAX_BYTES = 64 * 1024 * 1024;

/** Most children of one node that are read: five times the largest fleet that the tracker was simulated with. */
const CHILDREN_MAX = 50_000;

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
  max: number = CHILDREN_MAX,
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

/**
 * Checks that a node has no more children than may be read, before their list is asked for.
 *
 * @throws {EntryError}
 */
export function checkChildCount(path: string, count: number, max: number = CHILDREN_MAX): void {
  if (count <= max) return;
  throw new EntryError(
    `read ${path}: expected at most ${max} children, was ${count}; delete what is not Rollcall's`,
  );
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
  const childCount = stat.numChildren;
  const maxBytes = maxBytesOf(path);
  if (data.length > maxBytes) {
    const problem = `expected at most ${maxBytes} bytes, was ${data.length}; ${ADVICE}`;
    return { problem, childCount };
  }
  return { data, version: stat.version, mtimeMs: stat.mtimeMs, childCount };
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

/**
 * Decodes the entry of a node; `null` if there is no node.
 *
 * @throws {EntryError} when the node cannot be read or its data do not fit the schema.
 */
export function decodeNode<T>(
  schema: z.ZodType<T>,
  node: RawNode,
  path: string,
): Versioned<T> | null {
  if (node === null) return null;
  if ("problem" in node) throw new EntryError(`read ${path}: ${node.problem}`);
  return { entry: decodeEntry(schema, node.data, path), znodeVersion: node.version };
}

/**
 * Decodes an entry that says whose it is: its field must be the name that its node has. An entry under another name would
 * speak for somebody else.
 *
 * @throws {EntryError} as {@link decodeNode}, and when the names differ.
 */
export function decodeOwned<Field extends "host" | "service", T extends Record<Field, string>>(
  schema: z.ZodType<T>,
  node: RawNode,
  of: { readonly path: string; readonly field: Field; readonly name: string },
): Versioned<T> | null {
  const { path, field, name } = of;
  const decoded = decodeNode(schema, node, path);
  if (decoded === null || decoded.entry[field] === name) return decoded;
  throw new EntryError(
    `read ${path}: expected "${field}" to be "${name}", as the node is named, was ` +
      `"${decoded.entry[field]}"; ${ADVICE}`,
  );
}
