/**
 * Finds a chunk among those of a few releases by hash and size. It is a hash table of numbers instead of a Map: for a
 * release of a million chunks that takes 8 MB instead of 50.
 */

import { CHUNK_HASH_BYTES, type ChunkMap, isChunked, type Release } from "../release/mod.ts";

/** More chunks than a map can have. A chunk's place is its source's number times this, plus its own number. */
const PLACES_PER_SOURCE = 2 ** 24;

/** At least this many slots of the table are free per slot that is taken, so that few steps lead to a free one. */
const FREE_PER_TAKEN = 1;

interface Indexed {
  /** The source's index in the list that was handed in. */
  readonly source: number;
  readonly chunks: ChunkMap;
  /** Where in the release's content each chunk begins. */
  readonly starts: Float64Array;
}

/** The chunks of a few releases, to be found by hash and size. */
export class ChunkIndex {
  readonly #sources: Indexed[] = [];
  /** Each slot holds a place plus one, or 0. A chunk is in the first free slot from its hash's own slot on. */
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

  /** Adds a chunk unless an equal one is in, since a file of zeros would fill the table with one chunk. */
  #add(place: number, chunks: ChunkMap, chunk: number): void {
    let slot = this.#slotOf(chunks, chunk);
    for (; this.#slots[slot] !== 0; slot = this.#after(slot)) {
      if (this.isAt(this.#slots[slot]! - 1, chunks, chunk)) return;
    }
    this.#slots[slot] = place + 1;
  }

  /** The slot at which the search for a chunk begins: its hash's first bytes, which are as good as any others. */
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
