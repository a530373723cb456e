/**
 * Cuts a stream of bytes into length-prefixed frames. The client and the server both use it.
 *
 * @module
 */

import { WireError } from "./jute.ts";

/** Default size of the buffer, in bytes: one read takes in a burst of small frames. */
const usualSizeBytes = 64 * 1024;

/** Bounds of a {@linkcode FrameBuffer}. */
export interface FrameBufferOptions {
  /** Longest frame that is accepted, in bytes. */
  maxFrameSizeBytes: number;
  /**
   * A frame whose length field says at most this many bytes gets a buffer of its size at once, so that no byte is copied
   * again while the frame arrives. For a longer frame the buffer grows with the bytes that have arrived. Default 0: a
   * stranger must not make us allocate memory by a length field alone.
   */
  trustedSizeBytes?: number | undefined;
  /** Size of the buffer before the first bytes and after idle times, in bytes. Default 64 KiB. */
  initialSizeBytes?: number | undefined;
}

/**
 * A receive buffer that yields whole frames.
 *
 * A frame is a view into the buffer, valid until the next call of {@linkcode space}. Decoders copy what they keep, so
 * that a byte is copied once on its way to the caller.
 */
export class FrameBuffer {
  readonly #maxFrameSizeBytes: number;
  readonly #trustedSizeBytes: number;
  readonly #initialSizeBytes: number;
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #start = 0;
  #end = 0;

  constructor(options: FrameBufferOptions) {
    const { maxFrameSizeBytes, trustedSizeBytes = 0, initialSizeBytes = usualSizeBytes } = options;
    this.#maxFrameSizeBytes = maxFrameSizeBytes;
    this.#trustedSizeBytes = trustedSizeBytes;
    this.#initialSizeBytes = initialSizeBytes;
    this.#bytes = new Uint8Array(initialSizeBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Number of bytes that were received and not taken yet. */
  get pendingBytes(): number {
    return this.#end - this.#start;
  }

  /** The part of the buffer for the next bytes, never empty; {@linkcode received} says how many were written into it. */
  space(): Uint8Array {
    const pending = this.#end - this.#start;
    if (pending === 0) {
      this.#start = this.#end = 0;
      if (this.#bytes.length > usualSizeBytes) this.#replace(this.#initialSizeBytes);
      return this.#bytes;
    }
    const wanted = this.#trustedLength();
    if (wanted > this.#bytes.length - this.#start) {
      // Exactly as large as the frame: a large frame is seldom followed by the beginning of another one.
      if (wanted > this.#bytes.length) this.#replace(wanted);
      else this.#moveToFront();
    } else if (this.#end === this.#bytes.length) {
      if (this.#start >= this.#bytes.length / 2) this.#moveToFront();
      else this.#replace(Math.max(usualSizeBytes, this.#bytes.length * 2));
    }
    return this.#bytes.subarray(this.#end);
  }

  /** Counts the bytes that were written into the last {@linkcode space}. */
  received(sizeBytes: number): void {
    this.#end += sizeBytes;
  }

  /** Drops all bytes that were not taken. */
  discard(): void {
    this.#start = this.#end;
  }

  /** Returns the first `sizeBytes` without taking them; undefined if fewer have arrived. */
  peek(sizeBytes: number): Uint8Array | undefined {
    if (this.pendingBytes < sizeBytes) return undefined;
    return this.#bytes.subarray(this.#start, this.#start + sizeBytes);
  }

  /**
   * Takes the next whole frame, without its length field; undefined if it has not arrived in full.
   *
   * @throws {WireError} if the length is negative or beyond the limit.
   */
  next(): Uint8Array | undefined {
    if (this.#end - this.#start < 4) return undefined;
    const sizeBytes = this.#view.getInt32(this.#start);
    if (sizeBytes < 0 || sizeBytes > this.#maxFrameSizeBytes) {
      throw new WireError(
        `read frame: expected a length of 0 to ${this.#maxFrameSizeBytes} bytes, ${sizeBytes} was there`,
      );
    }
    if (this.#end - this.#start - 4 < sizeBytes) return undefined;
    const from = this.#start + 4;
    this.#start = from + sizeBytes;
    return this.#bytes.subarray(from, this.#start);
  }

  /** Bytes that the arriving frame takes if its length is trusted; 0 if it is not, or not known yet. */
  #trustedLength(): number {
    if (this.#end - this.#start < 4) return 0;
    const sizeBytes = this.#view.getInt32(this.#start);
    return sizeBytes > this.#trustedSizeBytes ? 0 : sizeBytes + 4;
  }

  #moveToFront(): void {
    this.#bytes.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
  }

  #replace(sizeBytes: number): void {
    const replacement = new Uint8Array(sizeBytes);
    replacement.set(this.#bytes.subarray(this.#start, this.#end));
    this.#end -= this.#start;
    this.#start = 0;
    this.#bytes = replacement;
    this.#view = new DataView(replacement.buffer);
  }
}
