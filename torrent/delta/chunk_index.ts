/**
 * Finds a chunk among those of a few releases, by hash and size. One table of numbers in place of a Map: at a million
 * chunks per release that is 8 MB and not 50.
 */

import type { Release } from "../release/release.ts";
import { type ChunkMap, isChunked } from "../release/chunk_map.ts";
import { CHUNK_HASH_BYTES } from "../release/chunker.ts";

/** More than a map can have; a chunk's place is this many times its source's number, and its own number. */
const PLACES_PER_SOURCE = 2 ** 24;

/** Of the table's slots, at least this many are free for each one that is taken: few steps to a free one. */
const FREE_PER_TAKEN = 1;

interface Indexed {
  /** In the list that was handed in. */
  readonly source: number;
  readonly chunks: ChunkMap;
  /** Where in the release's content each chunk begins. */
  readonly starts: Float64Array;
}

/** See the file's head. */
export class ChunkIndex {
  readonly #sources: Indexed[] = [];
  /** A place plus one, or 0; from the hash's own slot on, in the order of the sources and their chunks. */
  readonly #slots: Uint32Array;

  /** @param averageBytes sources that were cut with another average are left out: their chunks are others. */
  constructor(
    averageBytes: number,
    sources: readonly { readonly release: Release; readonly chunks: ChunkMap | undefined }[],
  ) {
    let count = 0;
    for (const [source, { release, chunks }] of sources.entries()) {
      if (chunks === undefined || chunks.averageBytes !== averageBytes) continue;
      this.#sources.push({ source, chunks, starts: startsOf(release, chunks) });
      count += chunks.sizesBytes.length;
    }
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2((count + 1) * (1 + FREE_PER_TAKEN))));
    for (const [number, { chunks }] of this.#sources.entries()) {
      for (let chunk = 0; chunk < chunks.sizesBytes.length; chunk++) {
        this.#add(number * PLACES_PER_SOURCE + chunk, chunks, chunk);
      }
    }
  }

  /** The first place of a chunk that is the same as one of the wanted map's, or -1. */
  find(wanted: ChunkMap, chunk: number): number {
    for (let slot = this.#slotOf(wanted, chunk);; slot = this.#after(slot)) {
      const place = this.#slots[slot]! - 1;
      if (place === -1 || this.isAt(place, wanted, chunk)) return place;
    }
  }

  /** Whether the chunk at a place, if there is one, is the same as one of the wanted map's. */
  isAt(place: number, wanted: ChunkMap, wantedChunk: number): boolean {
    const { chunks } = this.#sources[Math.floor(place / PLACES_PER_SOURCE)]!;
    const chunk = place % PLACES_PER_SOURCE;
    if (chunks.sizesBytes[chunk] !== wanted.sizesBytes[wantedChunk]) return false;
    const [here, there] = [chunk * CHUNK_HASH_BYTES, wantedChunk * CHUNK_HASH_BYTES];
    for (let byte = 0; byte < CHUNK_HASH_BYTES; byte++) {
      if (chunks.hashes[here + byte] !== wanted.hashes[there + byte]) return false;
    }
    return true;
  }

  /** Which source a place belongs to, and where in its content the chunk begins. */
  whereIs(place: number): { source: number; fromBytes: number } {
    const { source, starts } = this.#sources[Math.floor(place / PLACES_PER_SOURCE)]!;
    return { source, fromBytes: starts[place % PLACES_PER_SOURCE]! };
  }

  /** Of chunks that are the same only the first is kept: zeros would fill the table with one chunk. */
  #add(place: number, chunks: ChunkMap, chunk: number): void {
    let slot = this.#slotOf(chunks, chunk);
    for (; this.#slots[slot] !== 0; slot = this.#after(slot)) {
      if (this.isAt(this.#slots[slot]! - 1, chunks, chunk)) return;
    }
    this.#slots[slot] = place + 1;
  }

  /** A part of the hash is as good as any other. */
  #slotOf({ hashes }: ChunkMap, chunk: number): number {
    const at = chunk * CHUNK_HASH_BYTES;
    const bits = hashes[at]! << 24 | hashes[at + 1]! << 16 | hashes[at + 2]! << 8 | hashes[at + 3]!;
    return (bits >>> 0) & (this.#slots.length - 1);
  }

  #after(slot: number): number {
    return (slot + 1) & (this.#slots.length - 1);
  }
}

function startsOf(release: Release, chunks: ChunkMap): Float64Array {
  const starts = new Float64Array(chunks.sizesBytes.length);
  let chunk = 0;
  for (const file of release.files) {
    if (!isChunked(file, chunks.averageBytes)) continue;
    for (let at = 0; at < file.sizeBytes; at += chunks.sizesBytes[chunk++]!) {
      starts[chunk] = file.offsetBytes + at;
    }
  }
  return starts;
}
