/**
 * Builders for the operations of `multi` and `multiRead`. They only describe an operation; they send nothing.
 *
 * @module
 */

import {
  type Acl,
  type CreateMode,
  type MultiOperation,
  type NodeData,
  openAcl,
  type ReadOperation,
} from "./types.ts";

const utf8 = new TextEncoder();

/** Returns `data` as bytes: a string as UTF-8, undefined as no bytes at all. */
export function dataBytes(data: NodeData | undefined): Uint8Array {
  if (data === undefined) return new Uint8Array(0);
  return typeof data === "string" ? utf8.encode(data) : data;
}

function create(
  path: string,
  data?: NodeData,
  options: {
    mode?: CreateMode | undefined;
    acl?: readonly Acl[] | undefined;
    ttlMs?: number | undefined;
  } = {},
): MultiOperation {
  const { mode = "persistent", acl = openAcl, ttlMs } = options;
  return { kind: "create", path, data: dataBytes(data), mode, acl, ttlMs };
}

function set(
  path: string,
  data: NodeData,
  options: { version?: number | undefined } = {},
): MultiOperation {
  return { kind: "set", path, data: dataBytes(data), version: options.version ?? -1 };
}

function remove(path: string, options: { version?: number | undefined } = {}): MultiOperation {
  return { kind: "delete", path, version: options.version ?? -1 };
}

function check(path: string, version: number): MultiOperation {
  return { kind: "check", path, version };
}

function get(path: string): ReadOperation {
  return { kind: "get", path };
}

function children(path: string): ReadOperation {
  return { kind: "children", path };
}

/**
 * The operations that `multi` (create, set, delete, check) and `multiRead` (get, children) take.
 *
 * `check` makes the whole `multi` fail unless the node exists at that version (-1: any).
 */
export const op = { create, set, delete: remove, check, get, children };
