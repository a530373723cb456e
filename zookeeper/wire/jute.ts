/**
 * Jute, ZooKeeper's serialization: big-endian integers, and strings, buffers and lists behind a four-byte length (-1:
 * null). This file knows no record and no request.
 *
 * @module
 */

import { ShortStrings } from "./short_strings.ts";

/** Received bytes that cannot be decoded. The connection that they came from cannot be used any more. */
export class WireError extends Error {
  override readonly name = "WireError";
  readonly code = "MALFORMED";
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Up to this length a loop is faster than a call into the runtime's text encoder or decoder. */
const shortStringLength = 64;

/** The short strings that were read last. Paths come again and again. */
const shortStrings = new ShortStrings();

/** Appends jute values to a growing buffer. The length field of a frame is filled in when the frame ends. */
export class JuteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(initialSizeBytes = 1024) {
    this.#bytes = new Uint8Array(initialSizeBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Number of bytes written. */
  get sizeBytes(): number {
    return this.#length;
  }

  /** Returns a view of the bytes written so far, valid until the next write or `clear`. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Drops everything written. A buffer larger than `keepSizeBytes` is replaced by a small one, so that its memory is freed. */
  clear(keepSizeBytes = 1 << 20): void {
    this.#length = 0;
    if (this.#bytes.length > keepSizeBytes) {
      this.#bytes = new Uint8Array(1024);
      this.#view = new DataView(this.#bytes.buffer);
    }
  }

  /** Drops everything after the first `sizeBytes`: undoes a frame that could not be finished. */
  truncate(sizeBytes: number): void {
    this.#length = Math.min(this.#length, sizeBytes);
  }

  /** Begins a length-prefixed frame. The result is for {@linkcode endFrame}. */
  beginFrame(): number {
    const start = this.#length;
    this.int(0);
    return start;
  }

  /** Fills in the length of the frame that began at `start`, and returns it. */
  endFrame(start: number): number {
    const sizeBytes = this.#length - start - 4;
    this.#view.setInt32(start, sizeBytes);
    return sizeBytes;
  }

  /** Appends a boolean: one byte. */
  bool(value: boolean): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value ? 1 : 0;
  }

  /** Appends a signed integer of 32 bits. */
  int(value: number): void {
    this.#reserve(4);
    this.#view.setInt32(this.#length, value);
    this.#length += 4;
  }

  /** Appends a signed integer of 64 bits. */
  long(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigInt64(this.#length, value);
    this.#length += 8;
  }

  /** Appends a `long` from a number that is a safe integer, as times are. */
  longFromNumber(value: number): void {
    this.#reserve(8);
    this.#view.setInt32(this.#length, Math.floor(value / 2 ** 32));
    this.#view.setUint32(this.#length + 4, value % 2 ** 32);
    this.#length += 8;
  }

  /** Appends bytes behind their length; null is the length -1. */
  buffer(value: Uint8Array | null): void {
    if (value === null) return this.int(-1);
    this.int(value.length);
    this.raw(value);
  }

  /** Appends a string as UTF-8 behind its length in bytes. */
  string(value: string): void {
    // At most three bytes per UTF-16 unit.
    this.#reserve(4 + value.length * 3);
    if (value.length <= shortStringLength && this.#shortString(value)) return;
    const { written } = encoder.encodeInto(value, this.#bytes.subarray(this.#length + 4));
    this.#view.setInt32(this.#length, written);
    this.#length += 4 + written;
  }

  /** Appends a short string, for which there is room, if it is ASCII. Returns whether it is. */
  #shortString(value: string): boolean {
    const at = this.#length + 4;
    for (let index = 0; index < value.length; index++) {
      const unit = value.charCodeAt(index);
      if (unit >= 0x80) return false;
      this.#bytes[at + index] = unit;
    }
    this.#view.setInt32(this.#length, value.length);
    this.#length = at + value.length;
    return true;
  }

  /** Appends a list behind its count. */
  list<T>(values: readonly T[], write: (value: T) => void): void {
    this.int(values.length);
    for (const value of values) write(value);
  }

  /** Appends a list of strings. */
  strings(values: readonly string[]): void {
    this.int(values.length);
    for (const value of values) this.string(value);
  }

  /** Appends bytes without a length. */
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

/** Reads jute values from a buffer, never beyond its end. Every method throws a {@linkcode WireError} where the bytes do not fit. */
export class JuteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Number of bytes that are not read yet. */
  get remainingBytes(): number {
    return this.#bytes.length - this.#position;
  }

  /** Reads a boolean: one byte, 0 is false. */
  bool(): boolean {
    const at = this.#take(1);
    return this.#bytes[at] !== 0;
  }

  /** Reads a signed integer of 32 bits. */
  int(): number {
    return this.#view.getInt32(this.#take(4));
  }

  /** Reads a signed integer of 64 bits. */
  long(): bigint {
    return this.#view.getBigInt64(this.#take(8));
  }

  /** Reads a `long` as a number; exact up to 2^53, which is enough for times. */
  longAsNumber(): number {
    const at = this.#take(8);
    return this.#view.getInt32(at) * 2 ** 32 + this.#view.getUint32(at + 4);
  }

  /** Reads a buffer and copies it, since the memory under the reader is used again. Null becomes empty. */
  buffer(): Uint8Array {
    const sizeBytes = this.#length("buffer", 1);
    const at = this.#take(sizeBytes);
    return this.#bytes.slice(at, at + sizeBytes);
  }

  /**
   * Copies what is left, and returns a reader of the copy, whose {@linkcode view}s may be kept. They share their memory. For
   * records with many buffers: to copy each takes much longer.
   */
  copyOfRest(): JuteReader {
    return new JuteReader(this.#bytes.slice(this.#take(this.remainingBytes)));
  }

  /** Reads a buffer without copying it: it is valid as long as the memory under the reader. Null becomes empty. */
  view(): Uint8Array {
    const sizeBytes = this.#length("buffer", 1);
    const at = this.#take(sizeBytes);
    return this.#bytes.subarray(at, at + sizeBytes);
  }

  /** Reads a buffer as {@linkcode buffer} does, and tells null from empty. */
  bufferOrNull(): Uint8Array | null {
    const isNull = this.remainingBytes >= 4 && this.#view.getInt32(this.#position) === -1;
    const bytes = this.buffer();
    return isNull ? null : bytes;
  }

  /** Reads a string. Null becomes the empty string. */
  string(): string {
    const sizeBytes = this.#length("string", 1);
    const at = this.#take(sizeBytes);
    if (sizeBytes <= shortStringLength) {
      const text = shortStrings.read(this.#bytes, at, sizeBytes);
      if (text !== undefined) return text;
    }
    try {
      return decoder.decode(this.#bytes.subarray(at, at + sizeBytes));
    } catch (cause) {
      throw new WireError("read string: expected UTF-8, other bytes were there", { cause });
    }
  }

  /** Reads a list. `minimumSizeBytes` is the smallest size of one element, so that a false count is refused before memory is taken. */
  list<T>(minimumSizeBytes: number, read: () => T): T[] {
    const count = this.#length("list", minimumSizeBytes);
    const values: T[] = [];
    for (let index = 0; index < count; index++) values.push(read());
    return values;
  }

  /** Reads a list of strings. */
  strings(): string[] {
    return this.list(4, () => this.string());
  }

  /** Reads a length or a count, and checks that the rest of the buffer can hold that much. */
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
