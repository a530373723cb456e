/**
 * The chunk map of a release, which is in its .torrent: what a host needs to find the release's content in other files that
 * it has. It is outside of the info dictionary, so the info hash is the same with any map or none, and nothing proves it
 * right. A wrong map costs network and nothing else, since every piece that is put together by it is checked by its hash.
 *
 * Form: the key "rollcall chunks" with a dictionary of `average` (bytes), `entries` (per chunk the first 6 bytes of its
 * SHA-1 and its size less one, in as many big-endian bytes as the largest chunk takes: 2 to 4; of all files larger than
 * the average, in the release's order) and `schema` (1).
 */

import { Buffer } from "node:buffer";
import { type ByteRange, outlineBencode } from "./bencode_check.ts";
import { readBytes, readDictionary, readInteger } from "./bencode_reader.ts";
import type { Release, ReleaseFile } from "./release.ts";
import { CHUNK_HASH_BYTES, Chunker, MAX_CHUNK_FACTOR } from "./chunker.ts";

/** The key of the map in a .torrent. */
export const CHUNK_MAP_KEY = "rollcall chunks";

/** The smallest average: half a block of BEP 3. Less than a block cannot be fetched, but a change should not cost two. */
const MIN_AVERAGE_BYTES = 8 * 1024;
/** The largest average: half of the largest piece. */
const MAX_AVERAGE_BYTES = 8 * 1024 * 1024;
/**
 * The factor between averages. The average doubles with each four-fold of the content and not more often, so that a release
 * that grows keeps the size of its chunks, and with it its chunks, as long as possible.
 */
const AVERAGE_STEP = 2;
/**
 * The most chunks of a small release. Every host fetches the map from one build machine, and a thousandth of the content
 * is little.
 */
const MIN_CHUNKS = 32_768;
/** The most chunks that a large release should have: 9 MB at 256 GiB. The map grows more slowly than the content. */
const MAX_WANTED_CHUNKS = 32 * MIN_CHUNKS;
/** The most chunks of any map, 18 MB: content may be cut more finely than on the average, but the .torrent has a limit. */
const MAX_CHUNKS = 2 * MAX_WANTED_CHUNKS;

const SCHEMA = 1;

/** The number of bytes that a chunk's size takes in an entry. */
function sizeFieldBytes(averageBytes: number): number {
  return Math.ceil(Math.log2(averageBytes * MAX_CHUNK_FACTOR) / 8);
}

/** Chunks that there is room for at first. */
const FIRST_ROOM = 1024;

/** The chunks of all files larger than the average, in the release's order; smaller files are found by their SHA-256. */
export interface ChunkMap {
  readonly averageBytes: number;
  readonly sizesBytes: Uint32Array;
  /** {@link CHUNK_HASH_BYTES} of each chunk. */
  readonly hashes: Uint8Array;
}

/**
 * The average size of chunks: 8 KiB up to 256 MiB of content, 16 KiB up to 1 GiB, and so on in steps of two and four up to
 * 256 KiB for 256 GiB; from there on so that there are about a million chunks.
 */
export function chooseChunkAverage(contentBytes: number): number {
  let average = MIN_AVERAGE_BYTES;
  let chunks = MIN_CHUNKS;
  while (average < MAX_AVERAGE_BYTES && contentBytes / average > chunks) {
    average *= AVERAGE_STEP;
    chunks = Math.min(chunks * AVERAGE_STEP, MAX_WANTED_CHUNKS);
  }
  return average;
}

/** Whether a file is cut into chunks in a map of that average. */
export function isChunked(file: Pick<ReleaseFile, "sizeBytes">, averageBytes: number): boolean {
  return file.sizeBytes > averageBytes;
}

/** Makes a map from the content, file by file. It takes the memory of the map itself. */
export class ChunkMapMaker {
  readonly #averageBytes: number;
  readonly #maxChunks: number;
  readonly #chunker: Chunker;
  #sizesBytes = new Uint32Array(FIRST_ROOM);
  #hashes = new Uint8Array(FIRST_ROOM * CHUNK_HASH_BYTES);
  #count = 0;

  /**
   * @param averageBytes the average size, see {@link chooseChunkAverage}.
   * @param maxChunks with more chunks there is no map. Default: what a .torrent has room for.
   */
  constructor(averageBytes: number, maxChunks = MAX_CHUNKS) {
    this.#averageBytes = averageBytes;
    this.#maxChunks = maxChunks;
    this.#chunker = new Chunker(averageBytes, (hash, sizeBytes) => this.#add(hash, sizeBytes));
  }

  /** Adds the next bytes of a file. Only for files that are cut, see {@link isChunked}. */
  update(bytes: Uint8Array): void {
    this.#chunker.update(bytes);
  }

  /** Ends a file. */
  endFile(): void {
    this.#chunker.finish();
  }

  /** The map; undefined if no file was large enough, or if there are more chunks than a map may have. */
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

function isAverage(value: number | undefined): value is number {
  return value !== undefined && value >= MIN_AVERAGE_BYTES && value <= MAX_AVERAGE_BYTES &&
    Number.isInteger(Math.log2(value));
}

/** A dictionary with more keys than a map has is as good as none. */
function dictionaryIn(bytes: Uint8Array, range: ByteRange) {
  try {
    return readDictionary(bytes, range);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * The map in a release's .torrent. Undefined if there is none, or none that fits the release's files: anybody on the way
 * can change it without changing the info hash, and a release without a map is still a release.
 */
export function readChunkMap(release: Release): ChunkMap | undefined {
  const { metainfo } = release;
  const range = outlineBencode(metainfo)?.entries.get(CHUNK_MAP_KEY);
  const values = range === undefined ? undefined : dictionaryIn(metainfo, range);
  const read = <Value>(key: string, reader: (bytes: Uint8Array, range: ByteRange) => Value) => {
    const value = values?.get(key);
    return value === undefined ? undefined : reader(metainfo, value);
  };
  const average = read("average", readInteger);
  const entries = read("entries", readBytes);
  if (read("schema", readInteger) !== SCHEMA || !isAverage(average) || entries === undefined) {
    return undefined;
  }
  const map = decodeEntries(
    average,
    Buffer.from(entries.buffer, entries.byteOffset, entries.length),
  );
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

/** Whether the chunks add up to exactly the files that are cut. */
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
