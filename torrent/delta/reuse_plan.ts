/**
 * Plans from where on this host's disk a release's content can be taken: whole files by their SHA-256, parts by their
 * chunks, and without a chunk map the same range of a file of the same name. Pure; nothing is read here.
 */

import { type ChunkMap, isChunked, type Release, type ReleaseFile } from "../release/mod.ts";
import { ChunkIndex } from "./chunk_index.ts";

/** Another release on this host. */
export interface ReuseSource {
  readonly release: Release;
  /** Its chunk map, of use only with the same average as the wanted release's. */
  readonly chunks: ChunkMap | undefined;
}

/** A range to copy. Positions are counted from the beginning of a release's content, over all its files. */
export interface CopyStep {
  /** The index in the list of sources. */
  readonly source: number;
  readonly fromBytes: number;
  readonly toBytes: number;
  readonly sizeBytes: number;
  /** Nothing says that these bytes are the wanted ones; only the pieces' hashes will tell. */
  readonly isGuess: boolean;
}

/** The release that is wanted. */
export interface Wanted {
  readonly release: Release;
  /** Without a chunk map only whole files, and files of the same name, are taken. */
  readonly chunks: ChunkMap | undefined;
}

/**
 * The steps in the order of the wanted content, in which they do not overlap. There are no more steps than chunks and
 * files. Sources are preferred in their order.
 */
export function planReuse(wanted: Wanted, sources: readonly ReuseSource[]): CopyStep[] {
  const steps = new StepList();
  const wholeFiles = indexFiles(sources, ({ sha256 }) => sha256);
  // Files of the same name are looked for only without a chunk map.
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
    } else if (wanted.chunks === undefined && file.sizeBytes > MIN_GUESSED_BYTES) {
      const namesake = guess(file, namesakes.get(file.path));
      if (namesake !== undefined) steps.add(namesake);
    }
    chunk = chunksEnd;
  }
  return steps.all;
}

/** The smallest file that is guessed: a smaller one that has changed has hardly a piece that has not. */
const MIN_GUESSED_BYTES = 16 * 1024;

interface FoundFile {
  readonly source: number;
  readonly file: ReleaseFile;
}

/** The files by key, the first one of each; empty files are left out. */
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

/** The same range of the file of the same name: most bytes of a file that is changed in place stay where they were. */
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
    // The chunk that follows the last one found is preferred to an equal one elsewhere, for one long copy instead of many.
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

/** Steps in order. A step that continues the last one in both source and target becomes a part of it. */
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
