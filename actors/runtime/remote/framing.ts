/**
 * Framing: a frame is the length of its JSON in four bytes, most significant first, followed by the JSON
 * in UTF-8. A length above the limit is refused before memory is allocated for it.
 *
 * @module
 */

import { violation } from "./errors.ts";

/** Size of the length ahead of each frame, in bytes. */
export const HEADER_BYTES = 4;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Encodes one frame; undefined if its JSON is longer than the limit.
 *
 * @throws {TypeError | RemoteError} What `JSON.stringify` throws: for cycles, bigints and references.
 */
export function encodeFrame(frame: unknown, limitBytes: number): Uint8Array | undefined {
  const json = JSON.stringify(frame);
  // A UTF-16 unit takes at most three bytes.
  const bytes = new Uint8Array(HEADER_BYTES + Math.min(json.length * 3, limitBytes));
  const { read, written } = encoder.encodeInto(json, bytes.subarray(HEADER_BYTES));
  if (read < json.length) return undefined;
  new DataView(bytes.buffer).setUint32(0, written);
  return bytes.subarray(0, HEADER_BYTES + written);
}

/** Assembles frames from bytes that arrive in chunks. Holds one frame and one chunk at most. */
export class FrameAssembler {
  readonly #limitBytes: number;
  #pending: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #length = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /**
   * Takes a chunk, which may be overwritten afterwards, and yields the frames that are complete.
   *
   * @throws {RemoteError} `protocol_violation` on a frame that is too long or no JSON.
   */
  *push(chunk: Uint8Array): Generator<unknown> {
    let bytes: Uint8Array = chunk;
    if (this.#length > 0) {
      this.#append(chunk);
      bytes = this.#pending.subarray(0, this.#length);
    }
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const length = new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(0);
      if (length > this.#limitBytes) {
        throw violation(
          `expected a frame of at most ${this.#limitBytes} bytes, there is one of ${length}`,
        );
      }
      const end = at + HEADER_BYTES + length;
      if (bytes.length < end) break;
      yield parse(bytes.subarray(at + HEADER_BYTES, end));
      at = end;
    }
    this.#keep(bytes.subarray(at));
  }

  #append(chunk: Uint8Array): void {
    const needed = this.#length + chunk.length;
    if (this.#pending.length < needed) {
      const room = new Uint8Array(Math.max(needed, this.#pending.length * 2));
      room.set(this.#pending.subarray(0, this.#length));
      this.#pending = room;
    }
    this.#pending.set(chunk, this.#length);
    this.#length = needed;
  }

  #keep(rest: Uint8Array): void {
    if (rest.length === 0) {
      // Large frames are an exception: the memory for one is released.
      if (this.#pending.length > 65_536) this.#pending = new Uint8Array(0);
    } else if (rest.buffer === this.#pending.buffer) {
      this.#pending.copyWithin(0, rest.byteOffset, rest.byteOffset + rest.length);
    } else {
      this.#length = 0;
      this.#append(rest);
    }
    this.#length = rest.length;
  }
}

function parse(json: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(json));
  } catch (error) {
    throw violation(`expected JSON, there was something else: ${String(error)}`);
  }
}
