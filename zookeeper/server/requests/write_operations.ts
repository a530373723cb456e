/**
 * The requests that change the tree, alone or inside a `multi`: read from the wire, checked, done.
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

/** Who asks. */
export interface Requester {
  sessionId: bigint;
  identities: readonly Identity[];
}

/** A change that was read from the wire. */
export type WriteOperation =
  | {
    type:
      | typeof opcodes.create
      | typeof opcodes.create2
      | typeof opcodes.createContainer
      | typeof opcodes.createTtl;
    path: string;
    data: Uint8Array;
    acl: Acl[];
    flags: number;
    /** Undefined unless the operation is the one for nodes with a time to live. */
    ttlMs: number | undefined;
  }
  | { type: typeof opcodes.delete | typeof opcodes.check; path: string; version: number }
  | { type: typeof opcodes.setData; path: string; data: Uint8Array; version: number }
  | { type: typeof opcodes.setAcl; path: string; acl: Acl[]; version: number };

/** Reads the body of a changing request; undefined if `type` is none. */
export function readWriteOperation(type: number, reader: JuteReader): WriteOperation | undefined {
  switch (type) {
    case opcodes.create:
    case opcodes.create2:
    case opcodes.createContainer:
    case opcodes.createTtl:
      return {
        type,
        path: reader.string(),
        data: reader.buffer(),
        acl: readAcl(reader),
        flags: reader.int(),
        ttlMs: type === opcodes.createTtl ? reader.longAsNumber() : undefined,
      };
    case opcodes.delete:
    case opcodes.check:
      return { type, path: reader.string(), version: reader.int() };
    case opcodes.setData:
      return { type, path: reader.string(), data: reader.buffer(), version: reader.int() };
    case opcodes.setAcl:
      return { type, path: reader.string(), acl: readAcl(reader), version: reader.int() };
    default:
      return undefined;
  }
}

/**
 * Does it, within a transaction of the tree. The result writes the reply's body.
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
  // What is checked first decides which code the client sees; the order is ZooKeeper's.
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
 * What a create's flags ask for. The flag alone makes no node with a time to live: that takes the operation
 * that says how long.
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
  if (isContainer !== (type === opcodes.createContainer)) throw new Refusal("BAD_ARGUMENTS");
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

/** The stat is taken now: a later operation may change the node before the reply is written. */
function statWriter(tree: DataTree, node: TreeNode): (writer: JuteWriter) => void {
  const stat = tree.stat(node);
  return (writer) => writeStat(writer, stat);
}

/** The parent of a path of which only so much is known that it has one. */
function checkedParent(path: string): string {
  if (!path.includes("/") || path.includes("\0")) throw new Refusal("BAD_ARGUMENTS");
  return parentPath(path);
}

function checkPath(path: string): void {
  if (pathProblem(path) !== undefined) throw new Refusal("BAD_ARGUMENTS");
}

function nothing(_writer: JuteWriter): void {}
