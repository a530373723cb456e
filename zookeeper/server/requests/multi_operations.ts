/**
 * Executes `multi` and `multiRead` on the tree.
 *
 * @module
 */

import { resultCodes } from "../../errors.ts";
import { permissions } from "../../types.ts";
import { type JuteReader, type JuteWriter, WireError } from "../../wire/jute.ts";
import { opcodes } from "../../wire/protocol.ts";
import { multiEnd, readMultiHeader, writeMultiHeader, writeStat } from "../../wire/records.ts";
import { isAllowed } from "../tree/acl.ts";
import type { DataTree } from "../tree/data_tree.ts";
import type { TransactionId, TreeEvent } from "../tree/tree_node.ts";
import { Refusal } from "../tree/refusal.ts";
import {
  applyWrite,
  readWriteOperation,
  type Requester,
  type WriteOperation,
} from "./write_operations.ts";

/** Reads the operations of a `multi`. */
export function readMultiOperations(reader: JuteReader): WriteOperation[] {
  const operations: WriteOperation[] = [];
  for (let header = readMultiHeader(reader); !header.done; header = readMultiHeader(reader)) {
    const operation = readWriteOperation(header.type, reader);
    if (operation === undefined || operation.type === opcodes.setAcl) {
      throw new WireError(`read multi: expected a change, type ${header.type} was there`);
    }
    operations.push(operation);
  }
  return operations;
}

/** Executes all operations or none. `write` writes the body of the reply, also that of a refusal. */
export function applyMulti(
  tree: DataTree,
  operations: readonly WriteOperation[],
  context: { id: TransactionId; requester: Requester },
): { write: (writer: JuteWriter) => void; events: TreeEvent[] } {
  let index = 0;
  try {
    const { value, events } = tree.transact(() => {
      const writes: ((writer: JuteWriter) => void)[] = [];
      for (const operation of operations) {
        writes.push(applyWrite(tree, operation, context));
        index++;
      }
      return writes;
    });
    return { events, write: (writer) => writeResults(writer, operations, value) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return {
      events: [],
      write: (writer) => writeFailure(writer, operations.length, index, error.number),
    };
  }
}

function writeResults(
  writer: JuteWriter,
  operations: readonly WriteOperation[],
  writes: readonly ((writer: JuteWriter) => void)[],
): void {
  operations.forEach(({ type }, index) => {
    // The create of a container and of a TTL node have the result of `create2`.
    const resultType = type === opcodes.createContainer || type === opcodes.createTtl
      ? opcodes.create2
      : type;
    writeMultiHeader(writer, { type: resultType, done: false, error: 0 });
    writes[index]?.(writer);
  });
  writeMultiHeader(writer, multiEnd);
}

function writeFailure(writer: JuteWriter, count: number, failed: number, code: number): void {
  for (let index = 0; index < count; index++) {
    const error = index < failed
      ? resultCodes.OK
      : index === failed
      ? code
      : resultCodes.RUNTIME_INCONSISTENCY;
    writeMultiHeader(writer, { type: opcodes.error, done: false, error });
    writer.int(error);
  }
  writeMultiHeader(writer, multiEnd);
}

/** Answers a `multiRead`; each read has its own result or error. */
export function answerMultiRead(
  tree: DataTree,
  reader: JuteReader,
  requester: Requester,
): (writer: JuteWriter) => void {
  const reads: { type: number; path: string }[] = [];
  for (let header = readMultiHeader(reader); !header.done; header = readMultiHeader(reader)) {
    if (header.type !== opcodes.getData && header.type !== opcodes.getChildren) {
      throw new WireError(`read multiRead: expected a read, type ${header.type} was there`);
    }
    reads.push({ type: header.type, path: reader.string() });
    // The watch flag, which has no meaning here.
    reader.bool();
  }
  return (writer) => {
    for (const { type, path } of reads) {
      const node = tree.find(path);
      const isReadable = node !== undefined &&
        isAllowed(node.acl, requester.identities, permissions.READ);
      if (!isReadable) {
        const error = node === undefined ? resultCodes.NO_NODE : resultCodes.NO_AUTH;
        writeMultiHeader(writer, { type: opcodes.error, done: false, error });
        writer.int(error);
        continue;
      }
      writeMultiHeader(writer, { type, done: false, error: 0 });
      if (type === opcodes.getChildren) writer.strings([...node.children]);
      else {
        writer.buffer(node.data);
        writeStat(writer, tree.stat(node));
      }
    }
    writeMultiHeader(writer, multiEnd);
  };
}
