/**
 * What the ensemble has decided, in its order: read from the transaction logs that the servers write to their disks. Unlike
 * a client it misses nothing, whoever leads and whoever is away. Version 2 of the format, as ZooKeeper 3.5 and later write
 * it.
 *
 * @module
 */

import { opcodes } from "../../zookeeper/wire/protocol.ts";
import { JuteReader } from "../../zookeeper/wire/jute.ts";

/** A node that a transaction has written (its data) or removed (`null`). */
export interface NodeChange {
  readonly path: string;
  readonly data: Uint8Array | null;
}

/** A committed transaction. */
export interface Transaction {
  readonly zxid: bigint;
  /** When the leader took the request, milliseconds since 1970; it was committed a little later. */
  readonly timeMs: number;
  /** The session that asked for it. */
  readonly session: bigint;
  readonly changes: readonly NodeChange[];
}

interface Header {
  readonly zxid: bigint;
  readonly timeMs: number;
  readonly session: bigint;
  readonly type: number;
}

/** "ZKLG". */
const MAGIC = 0x5a4b4c47;
const FILE_HEADER_BYTES = 16;
/** A checksum before the length of each transaction. */
const CHECKSUM_BYTES = 8;
/** Types of transactions beside the opcodes of requests. */
const TYPE_CREATE_SESSION = -10;
const TYPE_ERROR = -1;

/**
 * Reads the committed transactions of an ensemble, in order. A transaction is committed if a majority of the servers has it:
 * what only a dead leader has was never answered, and is cut off when it returns.
 *
 * @param folders The folder of each server that has its files `log.*`.
 */
export async function readTransactions(folders: readonly string[]): Promise<Transaction[]> {
  const found = new Map<bigint, { bytes: Uint8Array; count: number }>();
  for (const folder of folders) {
    const own = new Map<bigint, Uint8Array>();
    for await (const { name } of Deno.readDir(folder)) {
      if (!name.startsWith("log.")) continue;
      for (const bytes of splitFile(await Deno.readFile(`${folder}/${name}`))) {
        own.set(readHeader(new JuteReader(bytes)).zxid, bytes);
      }
    }
    for (const [zxid, bytes] of own) {
      found.set(zxid, { bytes, count: (found.get(zxid)?.count ?? 0) + 1 });
    }
  }
  const ephemerals = new Map<string, bigint>();
  return [...found].filter(([, { count }]) => count > folders.length / 2)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, { bytes }]) => decode(bytes, ephemerals));
}

/** The transactions of a file, whose end is filled up with zeros. */
function* splitFile(bytes: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // A server that was just started has made the file and written nothing to it.
  if (bytes.length < FILE_HEADER_BYTES) return;
  if (view.getInt32(0) !== MAGIC) throw new Error("transaction log: expected ZKLG at its start");
  for (let at = FILE_HEADER_BYTES; at + CHECKSUM_BYTES + 4 <= bytes.length;) {
    const length = view.getInt32(at + CHECKSUM_BYTES);
    const start = at + CHECKSUM_BYTES + 4;
    if (length <= 0 || start + length > bytes.length) return;
    yield bytes.subarray(start, start + length);
    // One byte marks the end.
    at = start + length + 1;
  }
}

function readHeader(reader: JuteReader): Header {
  const session = reader.long();
  reader.int();
  return { session, zxid: reader.long(), timeMs: reader.longAsNumber(), type: reader.int() };
}

function decode(bytes: Uint8Array, ephemerals: Map<string, bigint>): Transaction {
  const reader = new JuteReader(bytes);
  const { type, ...header } = readHeader(reader);
  const changes: NodeChange[] = [];
  apply({ type, reader, session: header.session }, { changes, ephemerals });
  return { ...header, changes };
}

function apply(
  { type, reader, session }: {
    readonly type: number;
    readonly reader: JuteReader;
    readonly session: bigint;
  },
  into: { readonly changes: NodeChange[]; readonly ephemerals: Map<string, bigint> },
): void {
  const { changes, ephemerals } = into;
  switch (type) {
    case opcodes.create:
    case opcodes.create2: {
      const [path, data] = [reader.string(), reader.buffer()];
      // Each entry of the access list: permissions, scheme and id.
      reader.list(12, () => [reader.int(), reader.string(), reader.string()]);
      if (reader.bool()) ephemerals.set(path, session);
      changes.push({ path, data });
      return;
    }
    case opcodes.delete: {
      const path = reader.string();
      ephemerals.delete(path);
      changes.push({ path, data: null });
      return;
    }
    case opcodes.setData:
      changes.push({ path: reader.string(), data: reader.buffer() });
      return;
    case opcodes.multi:
      for (const part of reader.list(8, () => [reader.int(), reader.buffer()] as const)) {
        // A multi that was refused is a list of errors.
        apply({ type: part[0], reader: new JuteReader(part[1]), session }, into);
      }
      return;
    case opcodes.closeSession:
      for (const [path, owner] of [...ephemerals]) {
        if (owner !== session) continue;
        ephemerals.delete(path);
        changes.push({ path, data: null });
      }
      return;
    case TYPE_CREATE_SESSION:
    case opcodes.check:
    case TYPE_ERROR:
      return;
    default:
      throw new Error(`transaction log: expected a type that the fleet makes, was ${type}`);
  }
}
