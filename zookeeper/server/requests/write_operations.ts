/**
 * The requests that change the tree, alone or inside a `multi`: decoded, checked, and executed.
 *
 * @module
 */

import { type Acl, permissions } from "../../types.ts";
import type { JuteReader, JuteWriter } from "../../wire/jute.ts";
import { createFlags, maxTtlMs, opcodes } from "../../wire/protocol.ts";
import { readAcl, writeStat } from "../../wire/records.ts";
import { parentPath, pathProblem } from "../../paths.ts";
import { checkAcl, type Identity, resolveAcl } from "../tree/acl.ts";
import type { DataTree } from "../tree/data_tree.ts";
import { ownPaths, type TransactionId, type TreeNode } from "../tree/tree_node.ts";
import { Refusal } from "../tree/refusal.ts";

/** The client that makes a request. */
export interface Requester {
  sessionId: bigint;
  identities: readonly Identity[];
}

/** A change as it was decoded from the wire. */
export type WriteOperation =
  | {
    type:
      | typeof opcodes.create
      | typeof opcodes.create2
      | typeof opcodes.createContainer
      | typeof opcodes.createTtl;
    path: string;
    data: Uint8Array | null;
    acl: Acl[];
    flags: number;
    /** Time to live; undefined unless the operation is `createTtl`. */
    ttlMs: number | undefined;
  }
  | { type: typeof opcodes.delete | typeof opcodes.check; path: string; version: number }
  | { type: typeof opcodes.setData; path: string; data: Uint8Array | null; version: number }
  | { type: typeof opcodes.setAcl; path: string; acl: Acl[]; version: number };

/** Returns true for a request that takes a transaction id, also where it is refused. */
export function isWrite(type: number): boolean {
  switch (type) {
    case opcodes.create:
    case opcodes.create2:
    case opcodes.createContainer:
    case opcodes.createTtl:
    case opcodes.delete:
    case opcodes.check:
    case opcodes.setData:
    case opcodes.setAcl:
    case opcodes.multi:
      return true;
    default:
      return false;
  }
}

/** Decodes the body of a request that changes the tree; undefined if `type` is no such request. */
export function readWriteOperation(type: number, reader: JuteReader): WriteOperation | undefined {
  switch (type) {
    case opcodes.create:
    case opcodes.create2:
    case opcodes.createContainer:
    case opcodes.createTtl:
      return {
        type,
        path: reader.string(),
        data: reader.bufferOrNull(),
        acl: readAcl(reader),
        flags: reader.int(),
        ttlMs: type === opcodes.createTtl ? reader.longAsNumber() : undefined,
      };
    case opcodes.delete:
    case opcodes.check:
      return { type, path: reader.string(), version: reader.int() };
    case opcodes.setData:
      return { type, path: reader.string(), data: reader.bufferOrNull(), version: reader.int() };
    case opcodes.setAcl:
      return { type, path: reader.string(), acl: readAcl(reader), version: reader.int() };
    default:
      return undefined;
  }
}

/**
 * Executes an operation within a transaction of the tree. The returned function writes the body of the reply.
 *
 * @throws {Refusal}
 */
export function applyWrite(
  tree: DataTree,
  operation: WriteOperation,
  context: { id: TransactionId; requester: Requester },
): (writer: JuteWriter) => void {
  const { id, requester } = context;
  const { identities } = requester;
  // The order of the checks decides which error code the client gets; it is ZooKeeper's order.
  switch (operation.type) {
    case opcodes.create:
    case opcodes.create2:
    case opcodes.createContainer:
    case opcodes.createTtl:
      return applyCreate(tree, operation, context);
    case opcodes.delete: {
      if (ownPaths.includes(operation.path)) throw new Refusal("BAD_ARGUMENTS");
      const parent = tree.node(checkedParent(operation.path));
      checkAcl(parent.acl, identities, permissions.DELETE);
      tree.delete(operation.path, operation.version, id);
      return nothing;
    }
    case opcodes.check:
      checkPath(operation.path);
      checkAcl(tree.node(operation.path).acl, identities, permissions.READ);
      tree.check(operation.path, operation.version);
      return nothing;
    case opcodes.setData: {
      checkPath(operation.path);
      checkAcl(tree.node(operation.path).acl, identities, permissions.WRITE);
      const node = tree.setData(operation.path, operation.data, operation.version, id);
      return statWriter(tree, node);
    }
    case opcodes.setAcl: {
      checkPath(operation.path);
      const acl = resolveAcl(operation.acl, identities);
      checkAcl(tree.node(operation.path).acl, identities, permissions.ADMIN);
      return statWriter(tree, tree.setAcl(operation.path, acl, operation.version));
    }
  }
}

function applyCreate(
  tree: DataTree,
  operation: Extract<WriteOperation, { flags: number }>,
  context: { id: TransactionId; requester: Requester },
): (writer: JuteWriter) => void {
  const { path, data, type } = operation;
  const { sessionId, identities } = context.requester;
  const kind = kindOf(operation);
  const parent = checkedParent(path);
  const acl = resolveAcl(operation.acl, identities);
  checkAcl(tree.node(parent).acl, identities, permissions.CREATE);
  const node = tree.create({
    path,
    data,
    acl,
    isContainer: kind.isContainer,
    ttlMs: kind.ttlMs,
    sequential: kind.sequential,
    ephemeralOwner: kind.isEphemeral ? sessionId : 0n,
  }, context.id);
  if (type === opcodes.create) return (writer) => writer.string(node.path);
  const stat = tree.stat(node);
  return (writer) => {
    writer.string(node.path);
    writeStat(writer, stat);
  };
}

/**
 * Decodes the flags of a create. A TTL flag is valid only with the operation `createTtl`, which has the time to live.
 *
 * @throws {Refusal} `BAD_ARGUMENTS`
 */
function kindOf({ flags, ttlMs, type }: Extract<WriteOperation, { flags: number }>) {
  const isTtl = flags === createFlags.persistent_ttl ||
    flags === createFlags.persistent_sequential_ttl;
  if (flags < 0 || flags > createFlags.persistent_sequential_ttl) {
    throw new Refusal("BAD_ARGUMENTS");
  }
  const isContainer = flags === createFlags.container;
  // A plain create may ask for a container by its flag; the operation for containers makes nothing else.
  if (type === opcodes.createContainer && !isContainer) throw new Refusal("BAD_ARGUMENTS");
  if (isTtl !== (ttlMs !== undefined)) throw new Refusal("BAD_ARGUMENTS");
  if (ttlMs !== undefined && (ttlMs < 1 || ttlMs > maxTtlMs)) throw new Refusal("BAD_ARGUMENTS");
  return {
    isContainer,
    isEphemeral: flags === createFlags.ephemeral || flags === createFlags.ephemeral_sequential,
    sequential: flags === createFlags.persistent_sequential ||
      flags === createFlags.ephemeral_sequential || flags === createFlags.persistent_sequential_ttl,
    ttlMs: ttlMs ?? 0,
  };
}

/** Takes the stat now: a later operation may change the node before the reply is written. */
function statWriter(tree: DataTree, node: TreeNode): (writer: JuteWriter) => void {
  const stat = tree.stat(node);
  return (writer) => writeStat(writer, stat);
}

/** Returns the parent of a path that was not validated yet. */
function checkedParent(path: string): string {
  if (!path.includes("/") || path.includes("\0")) throw new Refusal("BAD_ARGUMENTS");
  return parentPath(path);
}

function checkPath(path: string): void {
  if (pathProblem(path) !== undefined) throw new Refusal("BAD_ARGUMENTS");
}

function nothing(_writer: JuteWriter): void {}
