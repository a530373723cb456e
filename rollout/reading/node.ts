/**
 * A node as it was read, and its entry. Every entry of the tree is decoded here.
 *
 * Whoever can reach the ensemble can write any bytes into any node. So everything that is read has a bound, and whatever does
 * not fit becomes an {@link EntryError}, which the caller tells, and nothing else.
 *
 * @module
 */

import type { z } from "zod";
import { ADVICE, decodeEntry, EntryError } from "../entries.ts";

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
  /** How often the set of its children has changed. */
  readonly childrenVersion: number;
  /** The session that it ends with; 0n for a persistent node. */
  readonly session: bigint;
}

/** A node that is there and cannot be read. */
export interface UnreadableNode {
  /** Why. */
  readonly problem: string;
  /** 0 where it is not known. */
  readonly childCount: number;
  /** The session that it ends with; 0n for a persistent node; left out where it is not known. */
  readonly session?: bigint;
}

/** A node as it was read: its content; why it cannot be read; or `null` if there is no such node. */
export type RawNode = NodeContent | UnreadableNode | null;

/** A tree, or the part of it that was read. */
export interface TreePart {
  /** The node at a path; `null` if there is none. */
  readonly node: (path: string) => RawNode;
  /** The names of its children; none if there is no such node. */
  readonly children: (path: string) => readonly string[];
}

/** Most children of one node that are read: five times the largest fleet that the tracker was simulated with. */
export const CHILDREN_MAX = 50_000;

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

/** How many children a node has; 0 if there is none. */
export function childCountAt(tree: Pick<TreePart, "node">, path: string): number {
  return tree.node(path)?.childCount ?? 0;
}

/**
 * Whether a session holds a node. Agents register and take their places with ephemeral nodes alone: what no session holds is
 * somebody else's.
 *
 * @param ifUnknown The answer for a node that is there, and does not say.
 */
export function isOfSession(
  node: RawNode,
  { ifUnknown }: { readonly ifUnknown: boolean },
): boolean {
  if (node === null) return false;
  return node.session === undefined ? ifUnknown : node.session !== 0n;
}
