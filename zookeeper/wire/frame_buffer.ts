/**
 * Cuts a stream of bytes into length-prefixed frames. Both ends of the protocol use it.
 *
 * @module
 */

import { WireError } from "./jute.ts";

/** Large enough that one read takes in a burst of small frames. */
const usualSizeBytes = 64 * 1024;

/** Bounds of a {@linkcode FrameBuffer}. */
export interface FrameBufferOptions {
  /** A longer frame is an error. */
  maxFrameSizeBytes: number;
  /**
   * A frame that says that it has at most so many bytes gets its room at once, so that none of them is copied
   * again while it arrives; a longer one only as it arrives. Default 0: whoever is on the other side
   * should not have memory for a mere claim.
   */
  trustedSizeBytes?: number | undefined;
  /** How much room there is before the first bytes, and again after idle times. Default 64 KiB. */
  initialSizeBytes?: number | undefined;
}

/**
 * Receives bytes and yields whole frames.
 *
 * A frame is handed out as a view into the receive buffer, valid until the next {@linkcode space}:
 * decoders copy what they keep, so that a byte is copied once on its way to the caller.
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

  /** How many bytes wait to be complete. */
  get pendingBytes(): number {
    return this.#end - this.#start;
  }

  /** Where the next bytes go; report them with {@linkcode received}. Never empty. */
  space(): Uint8Array {
    const pending = this.#end - this.#start;
    if (pending === 0) {
      this.#start = this.#end = 0;
      if (this.#bytes.length > usualSizeBytes) this.#replace(this.#initialSizeBytes);
      return this.#bytes;
    }
    const wanted = this.#trustedLength();
    if (wanted > this.#bytes.length - this.#start) {
      // Exactly: a large frame is seldom followed by the beginning of another one.
      if (wanted > this.#bytes.length) this.#replace(wanted);
      else this.#moveToFront();
    } else if (this.#end === this.#bytes.length) {
      if (this.#start >= this.#bytes.length / 2) this.#moveToFront();
      else this.#replace(Math.max(usualSizeBytes, this.#bytes.length * 2));
    }
    return this.#bytes.subarray(this.#end);
  }

  /** Says how many bytes were put into the last {@linkcode space}. */
  received(sizeBytes: number): void {
    this.#end += sizeBytes;
  }

  /** Drops everything that waits. */
  discard(): void {
    this.#start = this.#end;
  }

  /** The first `sizeBytes` that wait, without taking them; undefined if there are fewer. */
  peek(sizeBytes: number): Uint8Array | undefined {
    if (this.pendingBytes < sizeBytes) return undefined;
    return this.#bytes.subarray(this.#start, this.#start + sizeBytes);
  }

  /**
   * The next whole frame without its length, or undefined if it has not arrived yet.
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

  /** How much room the frame that is arriving may have at once; 0 as long as nobody knows. */
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
