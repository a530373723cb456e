/**
 * Reads many entries of the tree in few requests, and tells a missing entry from a broken one. Every entry is decoded
 * here.
 *
 * @module
 */

import { decodeEntry } from "../rollout/mod.ts";
import { op, type ReadOperation, type ZooKeeper, ZooKeeperError } from "../zookeeper/mod.ts";
import type { z } from "zod";

/** An entry with the version of its node, for writes that depend on it. */
export interface Versioned<T> {
  readonly entry: T;
  readonly znodeVersion: number;
}

/** Data and version of a node; `null` if there is no such node. */
export type RawNode = { readonly data: Uint8Array; readonly version: number } | null;

/** Reads per `multiRead`: the reply with a thousand entries of half a kilobyte stays well below ZooKeeper's 1 MB. */
const READS_PER_REQUEST = 1_000;

/** Reads several nodes at once; a missing node is `null`. */
export async function readNodes(zk: ZooKeeper, paths: readonly string[]): Promise<RawNode[]> {
  const results = await readAll(zk, paths.map((path) => op.get(path)));
  return results.map((result) =>
    result?.kind === "get" ? { data: result.data, version: result.stat.version } : null
  );
}

/** Reads the children of several nodes at once; a missing node has none. */
export async function readChildren(zk: ZooKeeper, paths: readonly string[]): Promise<string[][]> {
  const results = await readAll(zk, paths.map((path) => op.children(path)));
  return results.map((result) => result?.kind === "children" ? result.children : []);
}

/**
 * Decodes the entry of a node; `null` if there is no node or it has no data yet.
 *
 * @throws {EntryError} when the data do not fit the schema.
 */
export function decodeNode<T>(
  schema: z.ZodType<T>,
  node: RawNode,
  path: string,
): Versioned<T> | null {
  if (node === null || node.data.length === 0) return null;
  return { entry: decodeEntry(schema, node.data, path), znodeVersion: node.version };
}

async function readAll(zk: ZooKeeper, operations: readonly ReadOperation[]) {
  const results = [];
  for (let start = 0; start < operations.length; start += READS_PER_REQUEST) {
    results.push(...await zk.multiRead(operations.slice(start, start + READS_PER_REQUEST)));
  }
  return results.map((result) => {
    if (!(result instanceof ZooKeeperError)) return result;
    if (result.code === "NO_NODE") return null;
    throw result;
  });
}
