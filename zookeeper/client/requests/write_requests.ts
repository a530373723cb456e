/**
 * The requests that change something. The client never repeats one of them.
 *
 * @module
 */

import { hasCode } from "../../errors.ts";
import { dataBytes } from "../../operations.ts";
import {
  type Acl,
  type CallOptions,
  type CreateOptions,
  type MultiOperation,
  type MultiResult,
  type NodeData,
  openAcl,
  type Stat,
  type VersionOptions,
} from "../../types.ts";
import type { JuteReader } from "../../wire/jute.ts";
import { opcodes } from "../../wire/protocol.ts";
import { readStat, writeAcl } from "../../wire/records.ts";
import {
  badCreation,
  checkedPath,
  createOpcode,
  creationProblem,
  writeCreate,
} from "./create_codec.ts";
import { readMulti, writeMulti } from "./multi_codec.ts";
import { rejected } from "../session/mark_handled.ts";
import { readEmptyReply, type RequestContext } from "./request_context.ts";

/** Attempts to create a node of the chroot before the failure reaches the caller; an attempt fails when the connection is lost. */
const maxChrootAttempts = 10;

/** Creates a node and resolves to its path. */
export function create(
  context: RequestContext,
  { path, data }: { path: string; data: NodeData | undefined },
  options: CreateOptions,
): Promise<string> {
  return creation(context, { path, data, withStat: false }, {
    options,
    decode: (reader) => context.paths.toCaller(reader.string()),
  });
}

/** Creates a node and resolves to its path and stat. */
export function createWithStat(
  context: RequestContext,
  { path, data }: { path: string; data: NodeData | undefined },
  options: CreateOptions,
): Promise<{ path: string; stat: Stat }> {
  return creation(context, { path, data, withStat: true }, {
    options,
    decode: (reader) => ({
      path: context.paths.toCaller(reader.string()),
      stat: readStat(reader),
    }),
  });
}

function creation<T>(
  context: RequestContext,
  what: { path: string; data: NodeData | undefined; withStat: boolean },
  how: { options: CreateOptions; decode: (reader: JuteReader) => T },
): Promise<T> {
  const { path } = what;
  const { mode = "persistent", acl = openAcl, ttlMs } = how.options;
  const problem = creationProblem({ mode, ttlMs });
  if (problem !== undefined) return rejected(badCreation(path, problem));
  const data = dataBytes(what.data);
  return context.request(
    {
      operation: "create",
      path,
      opcode: createOpcode({ mode, ttlMs }, what.withStat),
      encode: (writer) =>
        writeCreate(writer, context.paths.toServer(path), { data, acl, mode, ttlMs }),
      decode: how.decode,
    },
    how.options,
    checkedPath(path, { mode }),
  );
}

/** Replaces a node's data. */
export function set(
  context: RequestContext,
  { path, data }: { path: string; data: NodeData },
  options: VersionOptions,
): Promise<Stat> {
  const bytes = dataBytes(data);
  return context.request({
    operation: "set",
    path,
    opcode: opcodes.setData,
    encode: (writer) => {
      writer.string(context.paths.toServer(path));
      writer.buffer(bytes);
      writer.int(options.version ?? -1);
    },
    decode: readStat,
  }, options);
}

/** Deletes a node without children. */
export function remove(
  context: RequestContext,
  path: string,
  options: VersionOptions,
): Promise<void> {
  return context.request<void>({
    operation: "delete",
    path,
    opcode: opcodes.delete,
    encode: (writer) => {
      writer.string(context.paths.toServer(path));
      writer.int(options.version ?? -1);
    },
    decode: readEmptyReply,
  }, options);
}

/** Replaces a node's access control list. */
export function setAcl(
  context: RequestContext,
  { path, acl }: { path: string; acl: readonly Acl[] },
  options: VersionOptions,
): Promise<Stat> {
  return context.request({
    operation: "setAcl",
    path,
    opcode: opcodes.setAcl,
    encode: (writer) => {
      writer.string(context.paths.toServer(path));
      writeAcl(writer, acl);
      writer.int(options.version ?? -1);
    },
    decode: readStat,
  }, options);
}

/** Executes all of the operations or none. */
export function multi(
  context: RequestContext,
  operations: readonly MultiOperation[],
  options: CallOptions,
): Promise<MultiResult[]> {
  for (const operation of operations) {
    const problem = operation.kind === "create" ? creationProblem(operation) : undefined;
    if (problem !== undefined) return rejected(badCreation(operation.path, problem));
  }
  return context.request(
    {
      operation: "multi",
      path: "",
      opcode: opcodes.multi,
      encode: (writer) => writeMulti(writer, operations, context.paths),
      decode: (reader) => readMulti(reader, operations, context.paths),
    },
    options,
    operations.map((operation) =>
      operation.kind === "create" ? checkedPath(operation.path, operation) : operation.path
    ),
  );
}

/** Creates the chroot and its missing ancestors. It is repeated after a lost connection, since that is harmless. */
export async function ensureChroot(
  context: RequestContext,
  chroot: string,
  options: CallOptions,
): Promise<void> {
  for (let end = chroot.indexOf("/", 1); chroot !== ""; end = chroot.indexOf("/", end + 1)) {
    const path = end < 0 ? chroot : chroot.slice(0, end);
    await createPlain(context, path, options);
    if (end < 0) return;
  }
}

/** Creates a node by the server's path, unless it exists. */
async function createPlain(context: RequestContext, path: string, options: CallOptions) {
  for (let attempt = 1;; attempt++) {
    try {
      await context.request<void>({
        operation: "ensureChroot",
        path,
        opcode: opcodes.create,
        encode: (writer) =>
          writeCreate(writer, path, { data: dataBytes(""), acl: openAcl, mode: "persistent" }),
        decode: readEmptyReply,
      }, options);
      return;
    } catch (error) {
      if (hasCode(error, "NODE_EXISTS")) return;
      if (attempt >= maxChrootAttempts || !hasCode(error, "CONNECTION_LOSS")) throw error;
    }
  }
}
