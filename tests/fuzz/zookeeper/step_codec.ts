// Encodes a step for the wire, and decodes the reply to it.
import type { JuteReader, JuteWriter } from "../../../zookeeper/wire/jute.ts";
import { opcodes } from "../../../zookeeper/wire/protocol.ts";
import {
  multiEnd,
  readAcl,
  readMultiHeader,
  readStat,
  writeAcl,
  writeMultiHeader,
} from "../../../zookeeper/wire/records.ts";
import type { ChangeStep, RequestStep } from "./sequences.ts";

const stepOpcodes: Record<Exclude<RequestStep["op"], "create">, number> = {
  set: opcodes.setData,
  delete: opcodes.delete,
  check: opcodes.check,
  exists: opcodes.exists,
  get: opcodes.getData,
  children: opcodes.getChildren,
  children2: opcodes.getChildren2,
  getAcl: opcodes.getAcl,
  sync: opcodes.sync,
  ephemerals: opcodes.getEphemerals,
  count: opcodes.getAllChildrenNumber,
  setAcl: opcodes.setAcl,
  multi: opcodes.multi,
  multiRead: opcodes.multiRead,
  addWatch: opcodes.addWatch,
  removeWatches: opcodes.removeWatches,
  checkWatches: opcodes.checkWatches,
  setWatches: opcodes.setWatches,
  setWatches2: opcodes.setWatches2,
  whoAmI: opcodes.whoAmI,
  auth: opcodes.auth,
  ping: opcodes.ping,
  end: opcodes.closeSession,
};

/** Returns the operation code of a step. */
export function opcodeOf(step: RequestStep): number {
  return step.op === "create" ? opcodes[step.opcode] : stepOpcodes[step.op];
}

/** Operations whose replies have a zxid of their own, also if they are refused. */
export const changingOpcodes: ReadonlySet<number> = new Set([
  opcodes.create,
  opcodes.create2,
  opcodes.createContainer,
  opcodes.createTtl,
  opcodes.setData,
  opcodes.delete,
  opcodes.setAcl,
  opcodes.multi,
]);

/** Writes a step's body; `toServer` puts the sequence's own root into paths. */
export function writeStep(
  writer: JuteWriter,
  step: RequestStep,
  { toServer, lastZxid }: { toServer: (path: string) => string; lastZxid: bigint },
): void {
  switch (step.op) {
    case "create":
    case "set":
    case "delete":
    case "check":
      writeChange(writer, step, toServer);
      break;
    case "exists":
    case "get":
    case "children":
    case "children2":
      writer.string(toServer(step.path));
      writer.bool(step.watch);
      break;
    case "getAcl":
    case "sync":
    case "ephemerals":
    case "count":
      writer.string(toServer(step.path));
      break;
    case "setAcl":
      writer.string(toServer(step.path));
      writeAcl(writer, step.acl);
      writer.int(step.version);
      break;
    case "multi":
      for (const part of step.parts) {
        writeMultiHeader(writer, { type: opcodeOf(part), done: false, error: -1 });
        writeChange(writer, part, toServer);
      }
      writeMultiHeader(writer, multiEnd);
      break;
    case "multiRead":
      for (const part of step.parts) {
        writeMultiHeader(writer, { type: stepOpcodes[part.op], done: false, error: -1 });
        writer.string(toServer(part.path));
        writer.bool(false);
      }
      writeMultiHeader(writer, multiEnd);
      break;
    case "addWatch":
    case "removeWatches":
    case "checkWatches":
      writer.string(toServer(step.path));
      writer.int(step.mode);
      break;
    case "setWatches":
    case "setWatches2":
      writer.long(lastZxid);
      for (const list of step.lists) writer.strings(list.map(toServer));
      break;
    case "auth":
      // The field `type`, which was never used.
      writer.int(0);
      writer.string(step.scheme);
      writer.buffer(new TextEncoder().encode(step.secret));
      break;
    case "whoAmI":
    case "ping":
    case "end":
      break;
  }
}

function writeChange(
  writer: JuteWriter,
  step: ChangeStep,
  toServer: (path: string) => string,
): void {
  writer.string(toServer(step.path));
  switch (step.op) {
    case "create":
      writer.buffer(step.data === null ? null : new TextEncoder().encode(step.data));
      writeAcl(writer, step.acl);
      writer.int(step.flags);
      if (step.opcode === "createTtl") writer.longFromNumber(step.ttl);
      break;
    case "set":
      writer.buffer(step.data === null ? null : new TextEncoder().encode(step.data));
      writer.int(step.version);
      break;
    case "delete":
    case "check":
      writer.int(step.version);
      break;
  }
}

/** Reads the body of a reply. A body that cannot be read is an observation, too. */
export function readBody(opcode: number, reader: JuteReader): unknown {
  try {
    return readBodyOf(opcode, reader);
  } catch (error) {
    return `unreadable: ${error instanceof Error ? error.message : error}`;
  }
}

function readBodyOf(opcode: number, reader: JuteReader): unknown {
  switch (opcode) {
    case opcodes.create:
    case opcodes.sync:
      return reader.string();
    case opcodes.create2:
    case opcodes.createContainer:
    case opcodes.createTtl:
      return { path: reader.string(), stat: readStat(reader) };
    case opcodes.setData:
    case opcodes.setAcl:
    case opcodes.exists:
      return readStat(reader);
    case opcodes.getData:
      return { data: readData(reader), stat: readStat(reader) };
    case opcodes.getChildren:
    case opcodes.getEphemerals:
      return reader.strings().sort();
    case opcodes.getChildren2:
      return { children: reader.strings().sort(), stat: readStat(reader) };
    case opcodes.getAcl:
      return { acl: readAcl(reader), stat: readStat(reader) };
    case opcodes.getAllChildrenNumber:
    case opcodes.addWatch:
      return reader.int();
    case opcodes.whoAmI:
      return reader.list(8, () => [reader.string(), reader.string()]).sort();
    case opcodes.multi:
    case opcodes.multiRead:
      return readResults(reader);
    default:
      return undefined;
  }
}

function readData(reader: JuteReader): number[] | null {
  const data = reader.bufferOrNull();
  return data === null ? null : [...data];
}

function readResults(reader: JuteReader): unknown[] {
  const results: unknown[] = [];
  for (let header = readMultiHeader(reader); !header.done; header = readMultiHeader(reader)) {
    const hasBody = header.type !== opcodes.delete && header.type !== opcodes.check;
    const body = header.type === opcodes.error
      ? reader.int()
      : hasBody
      ? readBodyOf(header.type, reader)
      : undefined;
    // 3.8.0 answers a `create2` within a multi as a `create`; 3.8.4, 3.9 and the coordinator as what it is.
    results.push(
      header.type === opcodes.create || header.type === opcodes.create2
        ? { type: opcodes.create, error: header.error, path: pathOf(body) }
        : { type: header.type, error: header.error, body },
    );
  }
  return results;
}

function pathOf(body: unknown): unknown {
  return typeof body === "object" && body !== null && "path" in body ? body.path : body;
}
