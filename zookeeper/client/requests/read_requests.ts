/**
 * The requests that only read. Each function encodes one request and decodes its reply.
 *
 * @module
 */

import type {
  Acl,
  CallOptions,
  EnsembleConfig,
  ReadOperation,
  ReadOptions,
  ReadResult,
  Stat,
} from "../../types.ts";
import type { ZooKeeperError } from "../../errors.ts";
import type { JuteReader, JuteWriter } from "../../wire/jute.ts";
import { opcodes } from "../../wire/protocol.ts";
import { readAcl, readStat } from "../../wire/records.ts";
import { readMultiRead, writeMultiRead } from "./multi_codec.ts";
import { readEmptyReply, type RequestContext } from "./request_context.ts";
import type { OneShotKind } from "../watches/watch_registry.ts";

/** The node with the ensemble's configuration, whatever the client's chroot. */
const configPath = "/zookeeper/config";

/** Reads the stat of a node; null if there is none. */
export function exists(
  context: RequestContext,
  path: string,
  options: ReadOptions,
): Promise<Stat | null> {
  const { watch } = options;
  return context.request<Stat | null>({
    operation: "exists",
    path,
    opcode: opcodes.exists,
    encode: (writer) => writeRead(context, writer, { path, options }),
    decode: (reader) => {
      context.addOneShot("data", path, watch);
      return readStat(reader);
    },
    recover: (code) => {
      if (code !== "NO_NODE") return undefined;
      context.addOneShot("exists", path, watch);
      return { value: null };
    },
  }, options);
}

/** Reads a node's data and stat. */
export function get(context: RequestContext, path: string, options: ReadOptions) {
  return read(context, path, {
    operation: "get",
    opcode: opcodes.getData,
    kind: "data",
    options,
    body: (reader) => ({ data: reader.buffer(), stat: readStat(reader) }),
  });
}

/** Reads the names of a node's children and its stat. */
export function children(context: RequestContext, path: string, options: ReadOptions) {
  return read(context, path, {
    operation: "children",
    opcode: opcodes.getChildren2,
    kind: "children",
    options,
    body: (reader) => ({ children: reader.strings(), stat: readStat(reader) }),
  });
}

/** Reads only the names of a node's children: the older request, with the smaller reply. */
export function childNames(context: RequestContext, path: string, options: ReadOptions) {
  return read(context, path, {
    operation: "childNames",
    opcode: opcodes.getChildren,
    kind: "children",
    options,
    body: (reader) => reader.strings(),
  });
}

function read<T>(
  context: RequestContext,
  path: string,
  spec: {
    operation: string;
    opcode: number;
    kind: OneShotKind;
    options: ReadOptions;
    body: (reader: JuteReader) => T;
  },
): Promise<T> {
  const { operation, opcode, kind, options, body } = spec;
  const { watch } = options;
  return context.request<T>({
    operation,
    path,
    opcode,
    encode: (writer) => writeRead(context, writer, { path, options }),
    decode: (reader) => {
      context.addOneShot(kind, path, watch);
      return body(reader);
    },
  }, options);
}

/** Waits until the server has caught up with the leader. */
export function sync(context: RequestContext, path: string, options: CallOptions): Promise<void> {
  return context.request<void>({
    operation: "sync",
    path,
    opcode: opcodes.sync,
    encode: (writer) => writer.string(context.paths.toServer(path)),
    decode: readEmptyReply,
  }, options);
}

/** Reads a node's access control list and stat. */
export function getAcl(
  context: RequestContext,
  path: string,
  options: CallOptions,
): Promise<{ acl: Acl[]; stat: Stat }> {
  return context.request({
    operation: "getAcl",
    path,
    opcode: opcodes.getAcl,
    encode: (writer) => writer.string(context.paths.toServer(path)),
    decode: (reader) => ({ acl: readAcl(reader), stat: readStat(reader) }),
  }, options);
}

/** Reads the paths of the session's own ephemeral nodes. */
export function ephemerals(
  context: RequestContext,
  path: string,
  options: CallOptions,
): Promise<string[]> {
  return context.request({
    operation: "ephemerals",
    path,
    opcode: opcodes.getEphemerals,
    encode: (writer) => writer.string(context.paths.toServer(path)),
    decode: (reader) => reader.strings().map(context.paths.toCaller),
  }, options);
}

/** Counts the nodes below another. */
export function countDescendants(
  context: RequestContext,
  path: string,
  options: CallOptions,
): Promise<number> {
  return context.request({
    operation: "countDescendants",
    path,
    opcode: opcodes.getAllChildrenNumber,
    encode: (writer) => writer.string(context.paths.toServer(path)),
    decode: (reader) => reader.int(),
  }, options);
}

/** Reads the identities that the server knows of this connection. */
export function whoAmI(
  context: RequestContext,
  options: CallOptions,
): Promise<{ scheme: string; user: string }[]> {
  return context.request(
    {
      operation: "whoAmI",
      path: "",
      opcode: opcodes.whoAmI,
      encode: () => {},
      decode: (reader) =>
        reader.list(8, () => ({ scheme: reader.string(), user: reader.string() })),
    },
    options,
    [],
  );
}

/** Reads the ensemble's configuration. */
export function config(context: RequestContext, options: ReadOptions): Promise<EnsembleConfig> {
  const { watch } = options;
  return context.request({
    operation: "config",
    path: configPath,
    opcode: opcodes.getData,
    encode: (writer) => {
      writer.string(configPath);
      writer.bool(watch !== undefined && !context.watches.hasPersistentOnWire(configPath));
    },
    decode: (reader) => {
      if (watch !== undefined) context.watches.addOneShot("data", configPath, watch);
      const text = new TextDecoder().decode(reader.buffer());
      return { ...parseConfig(text), stat: readStat(reader) };
    },
  }, options);
}

/** Parses the lines `server.<id>=<address>` and `version=<hex>`. */
function parseConfig(text: string): Omit<EnsembleConfig, "stat"> {
  const servers: EnsembleConfig["servers"] = [];
  let version: bigint | undefined;
  for (const line of text.split("\n")) {
    const [, id, address] = /^server\.(\d+)=(.+)$/.exec(line.trim()) ?? [];
    if (id !== undefined && address !== undefined) servers.push({ id, address });
    const digits = /^version=([0-9a-f]+)$/i.exec(line.trim())?.[1];
    if (digits !== undefined) version = BigInt(`0x${digits}`);
  }
  return { text, servers, version };
}

/** Makes several reads in one request, each with its own result or error. */
export function multiRead(
  context: RequestContext,
  operations: readonly ReadOperation[],
  options: CallOptions,
): Promise<(ReadResult | ZooKeeperError)[]> {
  return context.request(
    {
      operation: "multiRead",
      path: "",
      opcode: opcodes.multiRead,
      encode: (writer) => writeMultiRead(writer, operations, context.paths),
      decode: (reader) => readMultiRead(reader, operations),
    },
    options,
    operations.map(({ path }) => path),
  );
}

function writeRead(
  context: RequestContext,
  writer: JuteWriter,
  { path, options }: { path: string; options: ReadOptions },
): void {
  const serverPath = context.paths.toServer(path);
  writer.string(serverPath);
  writer.bool(options.watch !== undefined && !context.watches.hasPersistentOnWire(serverPath));
}
