// Cuts a stream of bytes into length-prefixed frames. Both ends of the protocol use it.
import { WireError } from "./jute.ts";

/** Large enough that one read takes in a burst of small replies. */
const initialSizeBytes = 64 * 1024;

/**
 * Receives bytes and yields whole frames.
 *
 * A frame is handed out as a view into the receive buffer, valid until the next {@linkcode space}:
 * decoders copy what they keep, so that a byte is copied once on its way to the caller. A large
 * frame makes the buffer grow with what really arrives, not with what the length claims.
 */
export class FrameBuffer {
  readonly #maxFrameSizeBytes: number;
  #bytes = new Uint8Array(initialSizeBytes);
  #view = new DataView(this.#bytes.buffer);
  #start = 0;
  #end = 0;

  constructor(options: { maxFrameSizeBytes: number }) {
    this.#maxFrameSizeBytes = options.maxFrameSizeBytes;
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
      if (this.#bytes.length > initialSizeBytes) this.#replace(initialSizeBytes);
    } else if (this.#end === this.#bytes.length) {
      if (this.#start >= this.#bytes.length / 2) {
        this.#bytes.copyWithin(0, this.#start, this.#end);
        this.#start = 0;
        this.#end = pending;
      } else {
        this.#replace(this.#bytes.length * 2);
      }
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

  #replace(sizeBytes: number): void {
    const replacement = new Uint8Array(sizeBytes);
    replacement.set(this.#bytes.subarray(this.#start, this.#end));
    this.#end -= this.#start;
    this.#start = 0;
    this.#bytes = replacement;
    this.#view = new DataView(replacement.buffer);
  }
}
