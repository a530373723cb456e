/**
 * Where a release's content can be taken from on this host's disk: whole files by their SHA-256, parts by their chunks,
 * and where there is no map, what lies at the same place under the same name. Pure; nothing is read here.
 */

import type { Release, ReleaseFile } from "../release/release.ts";
import { ChunkIndex } from "./chunk_index.ts";
import { type ChunkMap, isChunked } from "../release/chunk_map.ts";

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
  const wholeFiles = indexFiles(sources, ({ sha256 }) => sha256);
  // Only where there is no map.
  const namesakes = indexFiles(wanted.chunks === undefined ? sources : [], ({ path }) => path);
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
      addRuns(wanted.chunks, { chunk, chunksEnd, toBytes: file.offsetBytes }, { index, steps });
    } else if (wanted.chunks === undefined && file.sizeBytes > LEAST_GUESSED_BYTES) {
      const namesake = guess(file, namesakes.get(file.path));
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

/** The files that are not empty, the first one of each key. */
function indexFiles(
  sources: readonly ReuseSource[],
  keyOf: (file: ReleaseFile) => string,
): Map<string, FoundFile> {
  const files = new Map<string, FoundFile>();
  for (const [source, { release }] of sources.entries()) {
    for (const file of release.files) {
      const key = keyOf(file);
      if (file.sizeBytes > 0 && !files.has(key)) files.set(key, { source, file });
    }
  }
  return files;
}

/** Files that are changed in place keep most of their bytes; where not, it costs local copying. */
function guess(wanted: ReleaseFile, namesake: FoundFile | undefined): CopyStep | undefined {
  if (namesake === undefined) return undefined;
  const { source, file } = namesake;
  return {
    source,
    fromBytes: file.offsetBytes,
    toBytes: wanted.offsetBytes,
    sizeBytes: Math.min(file.sizeBytes, wanted.sizeBytes),
    isGuess: true,
  };
}

function endOfFile(chunks: ChunkMap, first: number, sizeBytes: number): number {
  let leftBytes = sizeBytes;
  let chunk = first;
  while (leftBytes > 0) leftBytes -= chunks.sizesBytes[chunk++] ?? leftBytes;
  return chunk;
}

/** Adds a step for each run of the file's chunks that follow each other in a source too. */
function addRuns(
  wanted: ChunkMap,
  file: { chunk: number; chunksEnd: number; toBytes: number },
  { index, steps }: { index: ChunkIndex; steps: StepList },
): void {
  let next = -1;
  let { toBytes } = file;
  for (let chunk = file.chunk; chunk < file.chunksEnd; chunk++) {
    const sizeBytes = wanted.sizesBytes[chunk]!;
    // What follows the last one found is preferred to the same bytes elsewhere: it makes one long copy of many.
    const isNext = next !== -1 && index.isAt(next, wanted, chunk);
    const place = isNext ? next : index.find(wanted, chunk);
    if (place === -1) next = -1;
    else {
      steps.add({ ...index.whereIs(place), toBytes, sizeBytes, isGuess: false });
      next = place + 1;
    }
    toBytes += sizeBytes;
  }
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
