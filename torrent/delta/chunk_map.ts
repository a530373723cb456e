/**
 * The map of a release's chunks, which travels in its .torrent: what a host needs to find the release's content in other
 * files that it has. It stands outside of the info dictionary, so the info hash is the same with any map or none. Nobody
 * vouches for it, and nothing rests on it: a wrong one costs network, since every piece that is put together by it is
 * checked by its hash.
 *
 * Form: the key "rollcall chunks" with a dictionary of `average` (bytes), `entries` (per chunk 8 bytes of its SHA-1 and
 * 4 of its size, big-endian, of all files larger than the average, in the release's order) and `schema` (1).
 */

import { Buffer } from "node:buffer";
import bencode from "bencode";
import { z } from "zod";
import { outlineBencode } from "../bencode_check.ts";
import type { Release, ReleaseFile } from "../release.ts";
import { CHUNK_HASH_BYTES, Chunker } from "./chunker.ts";

/** Where the map stands in a .torrent. */
export const CHUNK_MAP_KEY = "rollcall chunks";

/** A block of BEP 3; what is smaller cannot be left out of a transfer anyhow. */
const LEAST_AVERAGE_BYTES = 16 * 1024;
/** The largest piece. */
const MOST_AVERAGE_BYTES = 16 * 1024 * 1024;
/**
 * Averages go in steps of four, so that a release that grows keeps its chunks' size, and with it its chunks, as long as
 * can be.
 */
const AVERAGE_STEP = 4;
/** A map of at most 786 KB, usually half of that: it is handed to every host, from one build machine. */
const WANTED_CHUNKS = 65_536;
/** Content can be cut four times as often as the average says, no more; every loop over chunks ends here. */
const MAX_CHUNKS = 4 * WANTED_CHUNKS + 1;

const ENTRY_BYTES = CHUNK_HASH_BYTES + 4;
const SCHEMA = 1;

/** The chunks of all files that are larger than the average, in the release's order; smaller ones go by their SHA-256. */
export interface ChunkMap {
  readonly averageBytes: number;
  readonly sizesBytes: Uint32Array;
  /** {@link CHUNK_HASH_BYTES} of each. */
  readonly hashes: Uint8Array;
}

/** The smallest average, in steps of four, that cuts that much content into about 65,536 chunks. */
export function chooseChunkAverage(contentBytes: number): number {
  let average = LEAST_AVERAGE_BYTES;
  while (average < MOST_AVERAGE_BYTES && contentBytes / average > WANTED_CHUNKS) {
    average *= AVERAGE_STEP;
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
  readonly #chunker: Chunker;
  #entries = Buffer.alloc(1024 * ENTRY_BYTES);
  #count = 0;

  /** @param averageBytes see {@link chooseChunkAverage}. */
  constructor(averageBytes: number) {
    this.#averageBytes = averageBytes;
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
    if (this.#count === 0 || this.#count > MAX_CHUNKS) return undefined;
    return fromEntries(this.#averageBytes, this.#entries.subarray(0, this.#count * ENTRY_BYTES));
  }

  #add(hash: Uint8Array, sizeBytes: number): void {
    if (++this.#count > MAX_CHUNKS) return;
    const at = (this.#count - 1) * ENTRY_BYTES;
    if (at === this.#entries.length) {
      this.#entries = Buffer.concat([this.#entries, Buffer.alloc(this.#entries.length)]);
    }
    this.#entries.set(hash, at);
    this.#entries.writeUInt32BE(sizeBytes, at + CHUNK_HASH_BYTES);
  }
}

/** The map as the value of {@link CHUNK_MAP_KEY}, to be bencoded. */
export function encodeChunkMap(map: ChunkMap): Record<string, unknown> {
  const entries = Buffer.alloc(map.sizesBytes.length * ENTRY_BYTES);
  for (const [index, sizeBytes] of map.sizesBytes.entries()) {
    const hash = map.hashes.subarray(index * CHUNK_HASH_BYTES, (index + 1) * CHUNK_HASH_BYTES);
    entries.set(hash, index * ENTRY_BYTES);
    entries.writeUInt32BE(sizeBytes, index * ENTRY_BYTES + CHUNK_HASH_BYTES);
  }
  return { average: map.averageBytes, entries: new Uint8Array(entries), schema: SCHEMA };
}

const mapSchema = z.object({
  average: z.int().min(LEAST_AVERAGE_BYTES).max(MOST_AVERAGE_BYTES),
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
  const count = entries.length / ENTRY_BYTES;
  if (!Number.isInteger(count) || count > MAX_CHUNKS) return undefined;
  const map = fromEntries(average, Buffer.from(entries));
  return fits(release, map) ? map : undefined;
}

/** Whether the chunks make up exactly the files that are large enough. */
function fits(release: Release, map: ChunkMap): boolean {
  let index = 0;
  for (const file of release.files) {
    if (!isChunked(file, map.averageBytes)) continue;
    let leftBytes = file.sizeBytes;
    while (leftBytes > 0) {
      const sizeBytes = map.sizesBytes[index++];
      if (sizeBytes === undefined || sizeBytes === 0) return false;
      leftBytes -= sizeBytes;
    }
    if (leftBytes !== 0) return false;
  }
  return index === map.sizesBytes.length;
}

function fromEntries(averageBytes: number, entries: Buffer): ChunkMap {
  const count = entries.length / ENTRY_BYTES;
  const sizesBytes = new Uint32Array(count);
  const hashes = new Uint8Array(count * CHUNK_HASH_BYTES);
  for (let index = 0; index < count; index++) {
    const at = index * ENTRY_BYTES;
    hashes.set(entries.subarray(at, at + CHUNK_HASH_BYTES), index * CHUNK_HASH_BYTES);
    sizesBytes[index] = entries.readUInt32BE(at + CHUNK_HASH_BYTES);
  }
  return { averageBytes, sizesBytes, hashes };
}
