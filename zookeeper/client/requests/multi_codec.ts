/**
 * Writes the operations of `multi` and `multiRead`, and reads their results.
 *
 * @module
 */

import {
  errorCodeFromNumber,
  MultiError,
  type MultiOutcome,
  ZooKeeperError,
  type ZooKeeperErrorCode,
} from "../../errors.ts";
import type { MultiOperation, MultiResult, ReadOperation, ReadResult } from "../../types.ts";
import { type JuteReader, type JuteWriter, WireError } from "../../wire/jute.ts";
import { opcodes } from "../../wire/protocol.ts";
import { multiEnd, readMultiHeader, readStat, writeMultiHeader } from "../../wire/records.ts";
import { createOpcode, writeCreate } from "./create_codec.ts";
import type { PathMapping } from "./path_mapping.ts";

/** Writes the operations of a `multi`. */
export function writeMulti(
  writer: JuteWriter,
  operations: readonly MultiOperation[],
  paths: PathMapping,
): void {
  for (const operation of operations) {
    const path = paths.toServer(operation.path);
    const type = operation.kind === "create"
      ? createOpcode(operation)
      : writeOpcodes[operation.kind];
    writeMultiHeader(writer, { type, done: false, error: -1 });
    switch (operation.kind) {
      case "create":
        writeCreate(writer, path, operation);
        break;
      case "set":
        writer.string(path);
        writer.buffer(operation.data);
        writer.int(operation.version);
        break;
      case "delete":
      case "check":
        writer.string(path);
        writer.int(operation.version);
        break;
    }
  }
  writeMultiHeader(writer, multiEnd);
}

const writeOpcodes = { set: opcodes.setData, delete: opcodes.delete, check: opcodes.check };

/**
 * Reads the reply to a `multi`.
 *
 * @throws {MultiError} if the server refused it.
 */
export function readMulti(
  reader: JuteReader,
  operations: readonly MultiOperation[],
  paths: PathMapping,
): MultiResult[] {
  const results: MultiResult[] = [];
  const outcomes: MultiOutcome[] = [];
  for (let header = readMultiHeader(reader); !header.done; header = readMultiHeader(reader)) {
    if (header.type === opcodes.error) {
      const number = reader.int();
      outcomes.push(number === 0 ? "OK" : errorCodeFromNumber(number));
    } else {
      outcomes.push("OK");
      results.push(readMultiResult(reader, header.type, paths));
    }
  }
  if (results.length === operations.length) return results;
  // Operations after the one that failed have RUNTIME_INCONSISTENCY, so the first that is not OK is the one.
  const index = outcomes.findIndex((outcome) => outcome !== "OK");
  const outcome = outcomes[index];
  const operation = operations[index];
  if (outcome === undefined || outcome === "OK" || operation === undefined) {
    throw new WireError(
      `read multi: expected ${operations.length} results, ${outcomes.length} were there`,
    );
  }
  throw new MultiError({
    code: outcome,
    operation: "multi",
    path: operation.path,
    index,
    results: outcomes,
  });
}

function readMultiResult(reader: JuteReader, type: number, paths: PathMapping): MultiResult {
  switch (type) {
    case opcodes.create:
      return { kind: "create", path: paths.toCaller(reader.string()) };
    case opcodes.create2:
    case opcodes.createContainer:
    case opcodes.createTtl: {
      const path = paths.toCaller(reader.string());
      readStat(reader);
      return { kind: "create", path };
    }
    case opcodes.setData:
      return { kind: "set", stat: readStat(reader) };
    case opcodes.delete:
      return { kind: "delete" };
    case opcodes.check:
      return { kind: "check" };
    default:
      throw new WireError(`read multi: expected a result, one of type ${type} was there`);
  }
}

/** Writes the reads of a `multiRead`. */
export function writeMultiRead(
  writer: JuteWriter,
  operations: readonly ReadOperation[],
  paths: PathMapping,
): void {
  for (const operation of operations) {
    const type = operation.kind === "get" ? opcodes.getData : opcodes.getChildren;
    writeMultiHeader(writer, { type, done: false, error: -1 });
    writer.string(paths.toServer(operation.path));
    writer.bool(false);
  }
  writeMultiHeader(writer, multiEnd);
}

/**
 * Missing nodes are the most frequent of all errors, and the same ones are asked for again and again. To make an error takes
 * longer than to read the rest of a usual reply, since the runtime looks at the stack, so the last ones are kept.
 */
const missing = new Map<string, ZooKeeperError>();

/** Most errors that are kept. */
const MISSING_MAX = 1_000;

function errorOf(operation: ReadOperation | undefined, code: ZooKeeperErrorCode): ZooKeeperError {
  const { kind = "multiRead", path = "" } = operation ?? {};
  if (code !== "NO_NODE" || kind !== "get") {
    return new ZooKeeperError({ code, operation: kind, path });
  }
  let error = missing.get(path);
  if (error === undefined) {
    if (missing.size >= MISSING_MAX) missing.clear();
    missing.set(path, error = new ZooKeeperError({ code, operation: kind, path }));
  }
  return error;
}

/** Reads the reply to a `multiRead`: one value or error per operation. All data share their memory. */
export function readMultiRead(
  reply: JuteReader,
  operations: readonly ReadOperation[],
): (ReadResult | ZooKeeperError)[] {
  const reader = reply.copyOfRest();
  const results: (ReadResult | ZooKeeperError)[] = [];
  for (let header = readMultiHeader(reader); !header.done; header = readMultiHeader(reader)) {
    if (header.type === opcodes.getData) {
      results.push({ kind: "get", data: reader.view(), stat: readStat(reader) });
    } else if (header.type === opcodes.getChildren) {
      results.push({ kind: "children", children: reader.strings() });
    } else if (header.type === opcodes.error) {
      results.push(
        errorOf(operations[results.length], errorCodeFromNumber(reader.int())),
      );
    } else {
      throw new WireError(`read multiRead: expected a result, type ${header.type} was there`);
    }
  }
  if (results.length !== operations.length) {
    throw new WireError(
      `read multiRead: expected ${operations.length} results, ${results.length} were there`,
    );
  }
  return results;
}
