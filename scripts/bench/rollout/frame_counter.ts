/**
 * Counts the frames of one connection, from the bytes that go by.
 *
 * @module
 */

import { FrameBuffer } from "../../../zookeeper/wire/frame_buffer.ts";
import { JuteReader } from "../../../zookeeper/wire/jute.ts";
import { maxRequestSizeBytes, opcodes, xids } from "../../../zookeeper/wire/protocol.ts";
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

/** First size of the buffer for a client's requests: there are thousands of clients, and requests are small. */
const REQUEST_BUFFER_BYTES = 4 * 1024;

/** Counts the frames from a client. */
export class RequestCounter {
  readonly #tally: Tally;
  readonly #frames = new FrameBuffer({
    maxFrameSizeBytes: maxRequestSizeBytes,
    initialSizeBytes: REQUEST_BUFFER_BYTES,
  });
  #isFirst = true;

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  /** Counts the frames that end in the next bytes. @throws {WireError} when they make no sense. */
  count(bytes: Uint8Array): void {
    for (let rest = bytes; rest.length > 0;) {
      const space = this.#frames.space();
      const taken = rest.subarray(0, space.length);
      space.set(taken);
      this.#frames.received(taken.length);
      rest = rest.subarray(taken.length);
      for (let frame = this.#frames.next(); frame !== undefined; frame = this.#frames.next()) {
        this.#countFrame(frame);
      }
    }
  }

  #countFrame(frame: Uint8Array): void {
    const reader = new JuteReader(frame);
    // The first frame asks for a session; each other one begins with its xid and its type.
    let operations = 1;
    if (!this.#isFirst) {
      reader.int();
      const type = reader.int();
      if (type === opcodes.ping) {
        this.#tally.pings++;
        return;
      }
      operations = operationsOf(type, reader);
    }
    this.#isFirst = false;
    this.#tally.requests++;
    this.#tally.requestBytes += LENGTH_BYTES + frame.length;
    this.#tally.operations += operations;
  }
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
