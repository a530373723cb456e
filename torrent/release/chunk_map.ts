/**
 * The map of a release's chunks, which travels in its .torrent: what a host needs to find the release's content in other
 * files that it has. It stands outside of the info dictionary, so the info hash is the same with any map or none. Nobody
 * vouches for it, and nothing rests on it: a wrong one costs network, since every piece that is put together by it is
 * checked by its hash.
 *
 * Form: the key "rollcall chunks" with a dictionary of `average` (bytes), `entries` (per chunk the first 6 bytes of its
 * SHA-1 and its size less one, in as many big-endian bytes as the largest chunk takes: 2 to 4; of all files larger than
 * the average, in the release's order) and `schema` (1).
 */

import { Buffer } from "node:buffer";
import bencode from "bencode";
import { z } from "zod";
import { outlineBencode } from "./bencode_check.ts";
import type { Release, ReleaseFile } from "./release.ts";
import { CHUNK_HASH_BYTES, CHUNK_MOST_TIMES, Chunker } from "./chunker.ts";

/** Where the map stands in a .torrent. */
export const CHUNK_MAP_KEY = "rollcall chunks";

/** Half a block of BEP 3: no less than a block can be fetched anyhow, but it should not cost the one beside it. */
const LEAST_AVERAGE_BYTES = 8 * 1024;
/** Half of the largest piece. */
const MOST_AVERAGE_BYTES = 8 * 1024 * 1024;
/**
 * The average doubles with each four-fold of the content: not more often, so that a release that grows keeps its chunks'
 * size, and with it its chunks, as long as can be.
 */
const AVERAGE_STEP = 2;
/**
 * Chunks of which a small release is made up at most: the map is handed to every host, from one build machine, and a
 * thousandth of the content is little.
 */
const FEWEST_CHUNKS = 32_768;
/** The same for a large one: 9 MB at 256 GiB. It grows more slowly than the content, and not for ever. */
const MOST_CHUNKS = 32 * FEWEST_CHUNKS;
/** 18 MB: content may be cut more finely than the average says, but the .torrent has a limit too. */
const MAX_CHUNKS = 2 * MOST_CHUNKS;

const SCHEMA = 1;

/** Of a chunk's size in an entry. */
function sizeFieldBytes(averageBytes: number): number {
  return Math.ceil(Math.log2(averageBytes * CHUNK_MOST_TIMES) / 8);
}

/** Chunks of which there is room before the first growth. */
const FIRST_ROOM = 1024;

/** The chunks of all files that are larger than the average, in the release's order; smaller ones go by their SHA-256. */
export interface ChunkMap {
  readonly averageBytes: number;
  readonly sizesBytes: Uint32Array;
  /** {@link CHUNK_HASH_BYTES} of each. */
  readonly hashes: Uint8Array;
}

/**
 * 8 KiB up to 256 MiB of content, 16 KiB up to 1 GiB, and so on in steps of two and four up to 256 KiB for 256 GiB; from
 * there on what makes about a million chunks.
 */
export function chooseChunkAverage(contentBytes: number): number {
  let average = LEAST_AVERAGE_BYTES;
  let chunks = FEWEST_CHUNKS;
  while (average < MOST_AVERAGE_BYTES && contentBytes / average > chunks) {
    average *= AVERAGE_STEP;
    chunks = Math.min(chunks * AVERAGE_STEP, MOST_CHUNKS);
  }
  return average;
}

/** Whether a file's chunks are in a map of that average. */
export function isChunked(file: Pick<ReleaseFile, "sizeBytes">, averageBytes: number): boolean {
  return file.sizeBytes > averageBytes;
}

/** Makes a map from the content, file by file. Memory: the map itself. */
export class ChunkMapMaker {
  readonly #averageBytes: number;
  readonly #maxChunks: number;
  readonly #chunker: Chunker;
  #sizesBytes = new Uint32Array(FIRST_ROOM);
  #hashes = new Uint8Array(FIRST_ROOM * CHUNK_HASH_BYTES);
  #count = 0;

  /**
   * @param averageBytes see {@link chooseChunkAverage}.
   * @param maxChunks beyond which there is no map. Default: what a .torrent has room for.
   */
  constructor(averageBytes: number, maxChunks = MAX_CHUNKS) {
    this.#averageBytes = averageBytes;
    this.#maxChunks = maxChunks;
    this.#chunker = new Chunker(averageBytes, (hash, sizeBytes) => this.#add(hash, sizeBytes));
  }

  /** The next bytes of a file that is chunked, see {@link isChunked}; others are left out. */
  update(bytes: Uint8Array): void {
    this.#chunker.update(bytes);
  }

  /** The file ends. */
  endFile(): void {
    this.#chunker.finish();
  }

  /** The map; undefined when no file was large enough, or there are more chunks than a map may have. */
  finish(): ChunkMap | undefined {
    if (this.#count === 0 || this.#count > this.#maxChunks) return undefined;
    return {
      averageBytes: this.#averageBytes,
      sizesBytes: this.#sizesBytes.slice(0, this.#count),
      hashes: this.#hashes.slice(0, this.#count * CHUNK_HASH_BYTES),
    };
  }

  #add(hash: Uint8Array, sizeBytes: number): void {
    if (++this.#count > this.#maxChunks) return;
    if (this.#count > this.#sizesBytes.length) {
      const [sizesBytes, hashes] = [this.#sizesBytes, this.#hashes];
      this.#sizesBytes = new Uint32Array(sizesBytes.length * 2);
      this.#sizesBytes.set(sizesBytes);
      this.#hashes = new Uint8Array(hashes.length * 2);
      this.#hashes.set(hashes);
    }
    this.#sizesBytes[this.#count - 1] = sizeBytes;
    this.#hashes.set(hash, (this.#count - 1) * CHUNK_HASH_BYTES);
  }
}

/** The map as the value of {@link CHUNK_MAP_KEY}, to be bencoded. */
export function encodeChunkMap(map: ChunkMap): Record<string, unknown> {
  const sizeBytes = sizeFieldBytes(map.averageBytes);
  const entryBytes = CHUNK_HASH_BYTES + sizeBytes;
  const entries = Buffer.alloc(map.sizesBytes.length * entryBytes);
  for (const [index, chunkBytes] of map.sizesBytes.entries()) {
    const hash = map.hashes.subarray(index * CHUNK_HASH_BYTES, (index + 1) * CHUNK_HASH_BYTES);
    entries.set(hash, index * entryBytes);
    entries.writeUIntBE(chunkBytes - 1, index * entryBytes + CHUNK_HASH_BYTES, sizeBytes);
  }
  return { average: map.averageBytes, entries: new Uint8Array(entries), schema: SCHEMA };
}

const mapSchema = z.object({
  average: z.int().min(LEAST_AVERAGE_BYTES).max(MOST_AVERAGE_BYTES)
    .refine((value) => Number.isInteger(Math.log2(value)), "expected a power of two"),
  entries: z.instanceof(Uint8Array),
  schema: z.literal(SCHEMA),
});

/**
 * The map in a release's .torrent. Undefined if there is none, or none that fits the release's files: a stranger can
 * change it without changing the info hash, and a release without a map is a release all the same.
 */
export function readChunkMap(release: Release): ChunkMap | undefined {
  const range = outlineBencode(release.metainfo)?.entries.get(CHUNK_MAP_KEY);
  if (range === undefined) return undefined;
  const value = release.metainfo.subarray(range.start, range.end);
  const parsed = mapSchema.safeParse(bencode.decode(value));
  if (!parsed.success) return undefined;
  const { average, entries } = parsed.data;
  const map = decodeEntries(average, Buffer.from(entries));
  return map !== undefined && fits(release, map) ? map : undefined;
}

function decodeEntries(averageBytes: number, entries: Buffer): ChunkMap | undefined {
  const sizeBytes = sizeFieldBytes(averageBytes);
  const entryBytes = CHUNK_HASH_BYTES + sizeBytes;
  const count = entries.length / entryBytes;
  if (!Number.isInteger(count) || count > MAX_CHUNKS) return undefined;
  const sizesBytes = new Uint32Array(count);
  const hashes = new Uint8Array(count * CHUNK_HASH_BYTES);
  for (let index = 0; index < count; index++) {
    const sizeAt = index * entryBytes + CHUNK_HASH_BYTES;
    hashes.set(entries.subarray(index * entryBytes, sizeAt), index * CHUNK_HASH_BYTES);
    sizesBytes[index] = entries.readUIntBE(sizeAt, sizeBytes) + 1;
  }
  return { averageBytes, sizesBytes, hashes };
}

/** Whether the chunks make up exactly the files that are large enough. */
function fits(release: Release, map: ChunkMap): boolean {
  let index = 0;
  for (const file of release.files) {
    if (!isChunked(file, map.averageBytes)) continue;
    let leftBytes = file.sizeBytes;
    while (leftBytes > 0) {
      const sizeBytes = map.sizesBytes[index++];
      if (sizeBytes === undefined) return false;
      leftBytes -= sizeBytes;
    }
    if (leftBytes !== 0) return false;
  }
  return index === map.sizesBytes.length;
}
