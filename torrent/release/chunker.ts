/**
 * Content-defined chunking: content is cut where its own bytes say so, so that an insertion moves the cuts along with the
 * content, and all chunks but those around it stay the same. A gear hash decides, as in FastCDC (Xia and others, USENIX ATC
 * 2016): never below a quarter of the average, rarely before the average, more easily after it, always at four times the
 * average. Why this and no rolling checksums: docs/decisions/019-reuse-of-yesterday.md.
 */

import { createHash } from "node:crypto";

/**
 * The first bytes of a chunk's SHA-1 that are kept. With 65,536 chunks in each of two releases, a pair of chunks agrees by
 * chance in one of 65,000 releases; that costs a piece, while each byte more costs 65 KB per release.
 */
export const CHUNK_HASH_BYTES = 6;

/** The smallest chunk as a factor of the average: FastCDC's bound. */
const MIN_CHUNK_FACTOR = 1 / 4;
/** The largest chunk as a factor of the average: FastCDC's bound. */
export const MAX_CHUNK_FACTOR = 4;
/** How many more bits must be zero for a cut before the average, and how many fewer after it: FastCDC's second level. */
const NORMALIZED_BITS = 2;

/** One random-looking number per value of a byte. They must never change, or no two maps would agree. */
const GEAR = Int32Array.from(
  { length: 256 },
  (_, value) => createHash("sha1").update(`rollcall gear ${value}`).digest().readInt32BE(0),
);

/** Called for each chunk in order with its hash, which is only valid during the call, and its size. */
export type OnChunk = (hash: Uint8Array, sizeBytes: number) => void;

/** Cuts a stream of bytes. The same bytes give the same chunks however they are handed in. */
export class Chunker {
  readonly #leastBytes: number;
  readonly #averageBytes: number;
  readonly #mostBytes: number;
  readonly #strictMask: number;
  readonly #easyMask: number;
  readonly #onChunk: OnChunk;
  #sha1 = createHash("sha1");
  #sizeBytes = 0;
  #gear = 0;

  /** @param averageBytes a power of two, 1 KiB to 16 MiB. */
  constructor(averageBytes: number, onChunk: OnChunk) {
    const bits = Math.log2(averageBytes);
    if (!Number.isInteger(bits) || bits < 10 || bits > 24) {
      throw new RangeError(
        `chunker: expected a power of two, 1 KiB to 16 MiB, got ${averageBytes}`,
      );
    }
    this.#averageBytes = averageBytes;
    this.#leastBytes = averageBytes * MIN_CHUNK_FACTOR;
    this.#mostBytes = averageBytes * MAX_CHUNK_FACTOR;
    // The highest bits, since each of them depends on the most bytes before it.
    this.#strictMask = -1 << (32 - bits - NORMALIZED_BITS);
    this.#easyMask = -1 << (32 - bits + NORMALIZED_BITS);
    this.#onChunk = onChunk;
  }

  /** Adds the next bytes. */
  update(bytes: Uint8Array): void {
    let start = 0;
    while (start < bytes.length) {
      const end = this.#findCut(bytes, start);
      if (end === -1) break;
      this.#take(bytes.subarray(start, end));
      this.#cut();
      start = end;
    }
    this.#take(bytes.subarray(start));
  }

  /** Ends the file, which is always a cut. */
  finish(): void {
    if (this.#sizeBytes > 0) this.#cut();
  }

  /** Where the chunk that goes on at `start` ends, exclusive; -1 if it does not end in these bytes. */
  #findCut(bytes: Uint8Array, start: number): number {
    const chunkStart = start - this.#sizeBytes;
    let at = Math.max(start, chunkStart + this.#leastBytes);
    let gear = this.#gear;
    const averageEnd = Math.min(bytes.length, chunkStart + this.#averageBytes);
    const strict = this.#strictMask;
    for (; at < averageEnd; at++) {
      gear = ((gear << 1) + GEAR[bytes[at]!]!) | 0;
      if ((gear & strict) === 0) return at + 1;
    }
    const mostEnd = chunkStart + this.#mostBytes;
    const end = Math.min(bytes.length, mostEnd);
    const easy = this.#easyMask;
    for (; at < end; at++) {
      gear = ((gear << 1) + GEAR[bytes[at]!]!) | 0;
      if ((gear & easy) === 0) return at + 1;
    }
    this.#gear = gear;
    return at === mostEnd ? at : -1;
  }

  #take(bytes: Uint8Array): void {
    this.#sha1.update(bytes);
    this.#sizeBytes += bytes.length;
  }

  #cut(): void {
    this.#onChunk(this.#sha1.digest().subarray(0, CHUNK_HASH_BYTES), this.#sizeBytes);
    this.#sha1 = createHash("sha1");
    this.#sizeBytes = 0;
    this.#gear = 0;
  }
}
