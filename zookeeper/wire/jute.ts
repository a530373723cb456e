/**
 * Jute, ZooKeeper's serialization: big-endian integers, and strings, buffers and lists with a four-byte length in
 * front (-1: null). This file knows no record and no request.
 *
 * @module
 */

/** Bytes that cannot be what they claim to be. The connection they came from is of no more use. */
export class WireError extends Error {
  override readonly name = "WireError";
  readonly code = "MALFORMED";
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Below this length a loop beats the call into the runtime's text decoder. */
const shortStringBytes = 64;

/** Appends jute values to a buffer that grows. A frame's length is filled in when the frame ends. */
export class JuteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(initialSizeBytes = 1024) {
    this.#bytes = new Uint8Array(initialSizeBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** How many bytes were written. */
  get sizeBytes(): number {
    return this.#length;
  }

  /** What was written so far: a view, valid until the next write or `clear`. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Forgets everything written; a buffer beyond `keepSizeBytes` is given back to the collector. */
  clear(keepSizeBytes = 1 << 20): void {
    this.#length = 0;
    if (this.#bytes.length > keepSizeBytes) {
      this.#bytes = new Uint8Array(1024);
      this.#view = new DataView(this.#bytes.buffer);
    }
  }

  /** Drops everything after `sizeBytes`: undoes a frame that could not be finished. */
  truncate(sizeBytes: number): void {
    this.#length = Math.min(this.#length, sizeBytes);
  }

  /** Begins a length-prefixed frame; hand the result to {@linkcode endFrame}. */
  beginFrame(): number {
    const start = this.#length;
    this.int(0);
    return start;
  }

  /** Fills in the length of the frame that began at `start`, and returns that length. */
  endFrame(start: number): number {
    const sizeBytes = this.#length - start - 4;
    this.#view.setInt32(start, sizeBytes);
    return sizeBytes;
  }

  bool(value: boolean): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value ? 1 : 0;
  }

  int(value: number): void {
    this.#reserve(4);
    this.#view.setInt32(this.#length, value);
    this.#length += 4;
  }

  long(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigInt64(this.#length, value);
    this.#length += 8;
  }

  /** A long whose value is known to fit a number exactly, as times do. */
  longFromNumber(value: number): void {
    this.#reserve(8);
    this.#view.setInt32(this.#length, Math.floor(value / 2 ** 32));
    this.#view.setUint32(this.#length + 4, value % 2 ** 32);
    this.#length += 8;
  }

  buffer(value: Uint8Array): void {
    this.int(value.length);
    this.raw(value);
  }

  string(value: string): void {
    // At most three bytes per UTF-16 unit.
    this.#reserve(4 + value.length * 3);
    const { written } = encoder.encodeInto(value, this.#bytes.subarray(this.#length + 4));
    this.#view.setInt32(this.#length, written);
    this.#length += 4 + written;
  }

  list<T>(values: readonly T[], write: (value: T) => void): void {
    this.int(values.length);
    for (const value of values) write(value);
  }

  strings(values: readonly string[]): void {
    this.int(values.length);
    for (const value of values) this.string(value);
  }

  /** Bytes as they are, without a length. */
  raw(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  #reserve(sizeBytes: number): void {
    const needed = this.#length + sizeBytes;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Reads jute values from a piece of memory, never beyond its end. */
export class JuteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** How many bytes are left. */
  get remainingBytes(): number {
    return this.#bytes.length - this.#position;
  }

  bool(): boolean {
    const at = this.#take(1);
    return this.#bytes[at] !== 0;
  }

  int(): number {
    return this.#view.getInt32(this.#take(4));
  }

  long(): bigint {
    return this.#view.getBigInt64(this.#take(8));
  }

  /** A long as a number; exact up to 2^53, as times are. */
  longAsNumber(): number {
    const at = this.#take(8);
    return this.#view.getInt32(at) * 2 ** 32 + this.#view.getUint32(at + 4);
  }

  /** A copy of the next buffer, since the memory under the reader is used again. Null becomes empty. */
  buffer(): Uint8Array {
    const sizeBytes = this.#length("buffer", 1);
    const at = this.#take(sizeBytes);
    return this.#bytes.slice(at, at + sizeBytes);
  }

  /** Null becomes the empty string. */
  string(): string {
    const sizeBytes = this.#length("string", 1);
    const at = this.#take(sizeBytes);
    if (sizeBytes <= shortStringBytes) {
      let text = "";
      let index = at;
      for (; index < at + sizeBytes; index++) {
        const byte = this.#bytes[index] ?? 0;
        if (byte >= 0x80) break;
        text += String.fromCharCode(byte);
      }
      if (index === at + sizeBytes) return text;
    }
    try {
      return decoder.decode(this.#bytes.subarray(at, at + sizeBytes));
    } catch (cause) {
      throw new WireError("read string: expected UTF-8, other bytes were there", { cause });
    }
  }

  /** Reads a list; `minimumSizeBytes` is the least that one element takes, so that a false count is seen before memory is taken. */
  list<T>(minimumSizeBytes: number, read: () => T): T[] {
    const count = this.#length("list", minimumSizeBytes);
    const values: T[] = [];
    for (let index = 0; index < count; index++) values.push(read());
    return values;
  }

  strings(): string[] {
    return this.list(4, () => this.string());
  }

  /** Reads a length or count and checks that so much can still be there. */
  #length(what: string, elementSizeBytes: number): number {
    const length = this.int();
    if (length === -1) return 0;
    if (length < 0 || length * elementSizeBytes > this.remainingBytes) {
      throw new WireError(
        `read ${what}: expected at most ${this.remainingBytes} bytes, a length of ${length} was there`,
      );
    }
    return length;
  }

  #take(sizeBytes: number): number {
    const at = this.#position;
    if (at + sizeBytes > this.#bytes.length) {
      throw new WireError(
        `read record: expected ${sizeBytes} more bytes, only ${this.remainingBytes} were there`,
      );
    }
    this.#position = at + sizeBytes;
    return at;
  }
}
