/**
 * Frames as bytes: the length of the JSON in four bytes, most significant first, then the JSON in
 * UTF-8. A length beyond the limit is refused before room is made for it.
 *
 * @module
 */

import { violation } from "./errors.ts";

/** Bytes ahead of each frame. */
export const HEADER_BYTES = 4;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * One frame as bytes; undefined if it is longer than the limit.
 *
 * @throws What JSON throws: for cycles, bigints and references.
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

/** Puts frames together from what arrives in pieces. Holds one frame and one piece at most. */
export class FrameAssembler {
  readonly #limitBytes: number;
  #pending: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #length = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /**
   * Takes a piece, which may be overwritten afterwards, and hands out what is complete.
   *
   * @throws {RemoteError} `protocol_violation` on a frame that is too long or no JSON.
   */
  *push(piece: Uint8Array): Generator<unknown> {
    let bytes: Uint8Array = piece;
    if (this.#length > 0) {
      this.#append(piece);
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

  #append(piece: Uint8Array): void {
    const needed = this.#length + piece.length;
    if (this.#pending.length < needed) {
      const room = new Uint8Array(Math.max(needed, this.#pending.length * 2));
      room.set(this.#pending.subarray(0, this.#length));
      this.#pending = room;
    }
    this.#pending.set(piece, this.#length);
    this.#length = needed;
  }

  #keep(rest: Uint8Array): void {
    if (rest.length === 0) {
      // A large frame is an exception: what it needed is given back.
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
