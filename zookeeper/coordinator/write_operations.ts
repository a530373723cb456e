// The requests that change the tree, alone or inside a `multi`: read from the wire, checked, done.
import { type Acl, permissions } from "../types.ts";
import type { JuteReader, JuteWriter } from "../wire/jute.ts";
import { createFlags, opcodes } from "../wire/protocol.ts";
import { readAcl, writeStat } from "../wire/records.ts";
import { parentPath, pathProblem } from "../paths.ts";
import { checkAcl, fixedAcl, type Identity } from "./acl.ts";
import type { DataTree, TransactionId, TreeNode } from "./data_tree.ts";
import { Refusal } from "./refusal.ts";

/** Who asks. */
export interface Requester {
  sessionId: bigint;
  identities: readonly Identity[];
}

/** A change that was read from the wire. */
export type WriteOperation =
  | {
    type: typeof opcodes.create | typeof opcodes.create2 | typeof opcodes.createContainer;
    path: string;
    data: Uint8Array;
    acl: Acl[];
    flags: number;
  }
  | { type: typeof opcodes.delete | typeof opcodes.check; path: string; version: number }
  | { type: typeof opcodes.setData; path: string; data: Uint8Array; version: number }
  | { type: typeof opcodes.setAcl; path: string; acl: Acl[]; version: number };

/** Reads the body of a changing request; undefined if `type` is none (or one we do not have, as TTL nodes). */
export function readWriteOperation(type: number, reader: JuteReader): WriteOperation | undefined {
  switch (type) {
    case opcodes.create:
    case opcodes.create2:
    case opcodes.createContainer:
      return {
        type,
        path: reader.string(),
        data: reader.buffer(),
        acl: readAcl(reader),
        flags: reader.int(),
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
  // A create checks its path itself, after the sequence number was appended.
  if (!("flags" in operation)) checkPath(operation.path);
  switch (operation.type) {
    case opcodes.create:
    case opcodes.create2:
    case opcodes.createContainer:
      return applyCreate(tree, operation, context);
    case opcodes.delete: {
      const parent = tree.find(parentPath(operation.path));
      if (parent !== undefined && tree.find(operation.path) !== undefined) {
        checkAcl(parent.acl, identities, permissions.DELETE);
      }
      tree.delete(operation.path, operation.version, id);
      return nothing;
    }
    case opcodes.check:
      checkAcl(tree.node(operation.path).acl, identities, permissions.READ);
      tree.check(operation.path, operation.version);
      return nothing;
    case opcodes.setData: {
      checkAcl(tree.node(operation.path).acl, identities, permissions.WRITE);
      const node = tree.setData(operation.path, operation.data, operation.version, id);
      return statWriter(tree, node);
    }
    case opcodes.setAcl: {
      const acl = fixedAcl(operation.acl, identities);
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
  const { path, data, flags, type } = operation;
  const { sessionId, identities } = context.requester;
  const isContainer = type === opcodes.createContainer;
  if (isContainer !== (flags === createFlags.container)) throw new Refusal("BAD_ARGUMENTS");
  if (flags === createFlags.persistent_ttl || flags === createFlags.persistent_sequential_ttl) {
    throw new Refusal("UNIMPLEMENTED");
  }
  if (flags < 0 || flags > createFlags.container) throw new Refusal("BAD_ARGUMENTS");
  const acl = fixedAcl(operation.acl, identities);
  const parent = tree.find(parentPath(path));
  if (parent !== undefined) checkAcl(parent.acl, identities, permissions.CREATE);
  const isEphemeral = flags === createFlags.ephemeral || flags === createFlags.ephemeral_sequential;
  const node = tree.create({
    path,
    data,
    acl,
    isContainer,
    sequential: flags === createFlags.persistent_sequential ||
      flags === createFlags.ephemeral_sequential,
    ephemeralOwner: isEphemeral ? sessionId : 0n,
  }, context.id);
  if (type === opcodes.create) return (writer) => writer.string(node.path);
  const stat = tree.stat(node);
  return (writer) => {
    writer.string(node.path);
    writeStat(writer, stat);
  };
}

/** The stat is taken now: a later operation may change the node before the reply is written. */
function statWriter(tree: DataTree, node: TreeNode): (writer: JuteWriter) => void {
  const stat = tree.stat(node);
  return (writer) => writeStat(writer, stat);
}

function checkPath(path: string): void {
  if (pathProblem(path) !== undefined) throw new Refusal("BAD_ARGUMENTS");
}

function nothing(_writer: JuteWriter): void {}
