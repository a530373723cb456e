/**
 * Where a release's content can be taken from on this host's disk: whole files by their SHA-256, parts by their chunks,
 * and where there is no map, what lies at the same place under the same name. Pure; nothing is read here.
 */

import type { Release, ReleaseFile } from "../release.ts";
import { CHUNK_HASH_BYTES } from "./chunker.ts";
import { type ChunkMap, isChunked } from "./chunk_map.ts";

/** Other content on this host. */
export interface ReuseSource {
  readonly release: Release;
  /** Cut with the same average as the release that is wanted, or it is of no use. */
  readonly chunks: ChunkMap | undefined;
}

/** Bytes to copy, both sides counted from the beginning of a release's content, over all its files. */
export interface CopyStep {
  /** Into the list of sources. */
  readonly source: number;
  readonly fromBytes: number;
  readonly toBytes: number;
  readonly sizeBytes: number;
  /** Nothing says that these bytes are the wanted ones; only hashing the pieces tells. */
  readonly isGuess: boolean;
}

/** What is wanted. */
export interface Wanted {
  readonly release: Release;
  /** Without one only whole files, and files of the same name, are taken. */
  readonly chunks: ChunkMap | undefined;
}

/**
 * The steps, in the order of the wanted content; they do not overlap there. No more of them than chunks and files.
 * Sources are preferred in their order.
 */
export function planReuse(wanted: Wanted, sources: readonly ReuseSource[]): CopyStep[] {
  const steps = new StepList();
  const wholeFiles = indexFiles(sources);
  const index = new ChunkIndex(wanted.chunks?.averageBytes ?? 0, sources);
  let chunk = 0;
  for (const file of wanted.release.files) {
    if (file.sizeBytes === 0) continue;
    const chunked = wanted.chunks !== undefined && isChunked(file, wanted.chunks.averageBytes);
    const chunksEnd = chunked ? endOfFile(wanted.chunks, chunk, file.sizeBytes) : chunk;
    const twin = wholeFiles.get(file.sha256);
    if (twin !== undefined && twin.file.sizeBytes === file.sizeBytes) {
      steps.add({
        source: twin.source,
        fromBytes: twin.file.offsetBytes,
        toBytes: file.offsetBytes,
        sizeBytes: file.sizeBytes,
        isGuess: false,
      });
    } else if (chunked) {
      index.find(wanted.chunks, { chunk, chunksEnd, toBytes: file.offsetBytes, steps });
    } else if (wanted.chunks === undefined && file.sizeBytes > LEAST_GUESSED_BYTES) {
      const namesake = findNamesake(sources, file);
      if (namesake !== undefined) steps.add(namesake);
    }
    chunk = chunksEnd;
  }
  return steps.all;
}

/** A smaller file that has changed has hardly a piece of its own that has not: it is not worth the copy. */
const LEAST_GUESSED_BYTES = 16 * 1024;

interface FoundFile {
  readonly source: number;
  readonly file: ReleaseFile;
}

function indexFiles(sources: readonly ReuseSource[]): Map<string, FoundFile> {
  const files = new Map<string, FoundFile>();
  for (const [source, { release }] of sources.entries()) {
    for (const file of release.files) {
      if (!files.has(file.sha256)) files.set(file.sha256, { source, file });
    }
  }
  return files;
}

/** A guess that costs local copying when it is wrong: files that are changed in place keep most of their bytes. */
function findNamesake(
  sources: readonly ReuseSource[],
  wanted: ReleaseFile,
): CopyStep | undefined {
  for (const [source, { release }] of sources.entries()) {
    const file = release.files.find(({ path }) => path === wanted.path);
    if (file === undefined || file.sizeBytes === 0) continue;
    return {
      source,
      fromBytes: file.offsetBytes,
      toBytes: wanted.offsetBytes,
      sizeBytes: Math.min(file.sizeBytes, wanted.sizeBytes),
      isGuess: true,
    };
  }
  return undefined;
}

function endOfFile(chunks: ChunkMap, first: number, sizeBytes: number): number {
  let leftBytes = sizeBytes;
  let chunk = first;
  while (leftBytes > 0) leftBytes -= chunks.sizesBytes[chunk++] ?? leftBytes;
  return chunk;
}

/** Every chunk of the sources, by its hash. */
class ChunkIndex {
  readonly #sources: { readonly chunks: ChunkMap; readonly starts: Float64Array }[] = [];
  /** First chunk with that key: which source, and which chunk of it, in one number. */
  readonly #places = new Map<number, number>();
  readonly #numbers: number[] = [];

  constructor(averageBytes: number, sources: readonly ReuseSource[]) {
    for (const [number, { release, chunks }] of sources.entries()) {
      if (chunks === undefined || chunks.averageBytes !== averageBytes) continue;
      const place = this.#sources.length * PLACES_PER_SOURCE;
      for (let chunk = 0; chunk < chunks.sizesBytes.length; chunk++) {
        const key = keyOf(chunks, chunk);
        if (!this.#places.has(key)) this.#places.set(key, place + chunk);
      }
      this.#sources.push({ chunks, starts: startsOf(release, chunks) });
      this.#numbers.push(number);
    }
  }

  /** Adds a step for each run of the file's chunks that follow each other in a source too. */
  find(
    wanted: ChunkMap,
    file: { chunk: number; chunksEnd: number; toBytes: number; steps: StepList },
  ): void {
    let next = -1;
    let { toBytes } = file;
    for (let chunk = file.chunk; chunk < file.chunksEnd; chunk++) {
      const sizeBytes = wanted.sizesBytes[chunk]!;
      // What follows the last one found is preferred to the same bytes elsewhere: it makes one long copy of many.
      const place = this.#isAt(next, wanted, chunk)
        ? next
        : this.#places.get(keyOf(wanted, chunk)) ?? -1;
      next = -1;
      if (place !== -1 && this.#isAt(place, wanted, chunk)) {
        const at = Math.floor(place / PLACES_PER_SOURCE);
        const fromBytes = this.#sources[at]!.starts[place % PLACES_PER_SOURCE]!;
        file.steps.add({
          source: this.#numbers[at]!,
          fromBytes,
          toBytes,
          sizeBytes,
          isGuess: false,
        });
        next = place + 1;
      }
      toBytes += sizeBytes;
    }
  }

  #isAt(place: number, wanted: ChunkMap, wantedChunk: number): boolean {
    if (place === -1) return false;
    const { chunks } = this.#sources[Math.floor(place / PLACES_PER_SOURCE)]!;
    const chunk = place % PLACES_PER_SOURCE;
    if (chunks.sizesBytes[chunk] !== wanted.sizesBytes[wantedChunk]) return false;
    for (let byte = 0; byte < CHUNK_HASH_BYTES; byte++) {
      const [here, there] = [chunk, wantedChunk].map((one) => one * CHUNK_HASH_BYTES + byte);
      if (chunks.hashes[here!] !== wanted.hashes[there!]) return false;
    }
    return true;
  }
}

/** More than a map can have chunks. */
const PLACES_PER_SOURCE = 2 ** 24;

/** The hash as one number; 48 bits fit. */
function keyOf({ hashes }: ChunkMap, chunk: number): number {
  const at = chunk * CHUNK_HASH_BYTES;
  let key = 0;
  for (let byte = 0; byte < CHUNK_HASH_BYTES; byte++) key = key * 256 + hashes[at + byte]!;
  return key;
}

/** Where in the content each chunk begins. */
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

/** Steps in order; one that goes on where the last one ends, on both sides, becomes a part of it. */
class StepList {
  readonly all: CopyStep[] = [];

  add(step: CopyStep): void {
    const last = this.all.at(-1);
    if (
      last !== undefined && last.source === step.source && last.isGuess === step.isGuess &&
      last.fromBytes + last.sizeBytes === step.fromBytes &&
      last.toBytes + last.sizeBytes === step.toBytes
    ) {
      this.all[this.all.length - 1] = { ...last, sizeBytes: last.sizeBytes + step.sizeBytes };
    } else this.all.push(step);
  }
}
