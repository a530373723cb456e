/**
 * Counts the frames of one connection, from the bytes that go by.
 *
 * @module
 */

import { JuteReader } from "../../../zookeeper/wire/jute.ts";
import { opcodes, xids } from "../../../zookeeper/wire/protocol.ts";
import { readMultiHeader } from "../../../zookeeper/wire/records.ts";
import { readWriteOperation } from "../../../zookeeper/server/requests/write_operations.ts";
import { type Counts, NO_COUNTS } from "./counts.ts";

/** Counts that change. */
export type Tally = { -readonly [Name in keyof Counts]: Counts[Name] };

/** Makes a tally of nothing. */
export function emptyTally(): Tally {
  return { ...NO_COUNTS };
}

/** Bytes of a frame's length field. */
const LENGTH_BYTES = 4;

/**
 * Counts one frame from a client, which begins with its `xid` and its type. The first frame of a connection is no such
 * request; it is counted by {@link countGreeting}.
 *
 * @throws {WireError} when a `multi` cannot be read.
 */
export function countRequest(tally: Tally, frame: Uint8Array): void {
  const reader = new JuteReader(frame);
  reader.int();
  const type = reader.int();
  if (type === opcodes.ping) {
    tally.pings++;
    return;
  }
  tally.requests++;
  tally.requestBytes += LENGTH_BYTES + frame.length;
  tally.operations += operationsOf(type, reader);
}

/** Counts the frame that asks for a session. */
export function countGreeting(tally: Tally, frame: Uint8Array): void {
  tally.requests++;
  tally.operations++;
  tally.requestBytes += LENGTH_BYTES + frame.length;
}

function operationsOf(type: number, reader: JuteReader): number {
  if (type !== opcodes.multi && type !== opcodes.multiRead) return 1;
  let count = 0;
  for (let header = readMultiHeader(reader); !header.done; header = readMultiHeader(reader)) {
    count++;
    if (readWriteOperation(header.type, reader) !== undefined) continue;
    // A read: the path, and whether to watch it.
    reader.string();
    reader.bool();
  }
  return count;
}

/**
 * Counts the frames from a server. Replies may be large, and only the first bytes of one say what it is, so none is put
 * together.
 */
export class ReplyCounter {
  readonly #tally: Tally;
  /** The length field and the `xid` of the frame that is going by. */
  readonly #head = new DataView(new ArrayBuffer(8));
  #headBytes = 0;
  /** Bytes of the frame that have not gone by yet. */
  #leftBytes = 0;
  #isFirst = true;

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  /** Counts what begins in the next bytes. */
  count(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#leftBytes > 0) {
        const skipped = Math.min(this.#leftBytes, bytes.length - at);
        this.#leftBytes -= skipped;
        at += skipped;
        continue;
      }
      this.#head.setUint8(this.#headBytes++, bytes[at++] ?? 0);
      if (this.#headBytes === this.#head.byteLength) this.#begin();
    }
  }

  #begin(): void {
    this.#headBytes = 0;
    const sizeBytes = this.#head.getInt32(0);
    this.#leftBytes = sizeBytes - (this.#head.byteLength - LENGTH_BYTES);
    // What answers the greeting has no xid.
    const xid = this.#isFirst ? 0 : this.#head.getInt32(LENGTH_BYTES);
    this.#isFirst = false;
    if (xid === xids.ping) return;
    if (xid === xids.watchEvent) this.#tally.notifications++;
    this.#tally.replyBytes += LENGTH_BYTES + sizeBytes;
  }
}
