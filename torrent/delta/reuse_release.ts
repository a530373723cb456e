/**
 * Puts together what it can of a release from other releases on this disk, checks it piece by piece, and leaves a resume
 * journal, so that the engine then fetches only the rest. The other releases' files are only read; the new files are
 * copies, or share their blocks where the file system can.
 */

import * as fs from "node:fs";
import {
  ContentStore,
  currentBoot,
  diskError,
  expectRoom,
  type Preallocate,
  PresentBlocks,
  presentBlocksPath,
  type ReadSpace,
  readSpace,
  ResumeJournal,
} from "../content/mod.ts";
import { TransferError } from "../errors.ts";
import type { Log } from "../../base/log.ts";
import {
  type ChunkMap,
  readChunkMap,
  readRelease,
  type Release,
  type ReleaseFile,
} from "../release/mod.ts";
import type { StoredContent } from "./copy_content.ts";
import { mapContent } from "./map_content.ts";
import { type CopyStep, planReuse, type ReuseSource } from "./reuse_plan.ts";
import { type Reuse, ReuseWork } from "./reuse_work.ts";

export type { Reuse };

/** The unit of a file's blocks in stat(2). */
const BLOCK_BYTES = 512;

/** A complete release on this disk. */
export interface ReuseFrom {
  /** Its .torrent. */
  readonly metainfo: Uint8Array;
  /** The directory of its files. Where a file is not what the .torrent says, nothing is gained. */
  readonly root: string;
}

/** What to put together, and from what. */
export interface ReuseOptions {
  /** The .torrent of the release that is wanted. */
  readonly metainfo: Uint8Array;
  /** The directory for its content, as an engine's `root`; best on the file system of the sources. */
  readonly root: string;
  /** The resume journal, as an engine's. It is written last and shows that this has been done. Beside it: `PresentBlocks`. */
  readonly journalPath: string;
  /** In order of preference. Each costs the memory of its chunk map (up to 3 MB) and an index of the same size. */
  readonly sources: readonly ReuseFrom[];
  /** Allocates room for what will be fetched, as an engine's `preallocate`. Default: none is allocated. */
  readonly preallocate?: Preallocate;
  /** Whether copies share their blocks with the sources, and so take no room. Default: they do not. */
  readonly isSharing?: boolean;
  /** Default: statfs(2). */
  readonly space?: ReadSpace;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Called after every part with the bytes that were copied so far, and how many there are in all. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

/**
 * Puts together what it can of a release from other releases on this disk. A crash at any moment leaves files without a
 * journal, and it is done again. If there is nothing to reuse, nothing is touched and no journal is written.
 * Without room for all of the release nothing is copied; if the disk gets full all the same, what was copied is given back.
 *
 * @throws {TransferError} "disk_full", "disk_failed", "stopped"; {ReleaseError} for metainfo that is not acceptable.
 */
export async function reuseRelease(options: ReuseOptions): Promise<Reuse> {
  const { root, signal, log } = options;
  const to: StoredContent = { release: readRelease(options.metainfo), root };
  const from = options.sources.map((source): StoredContent => ({
    release: readRelease(source.metainfo),
    root: source.root,
  }));
  const chunks = readChunkMap(to.release);
  const steps = planReuse(
    { release: to.release, chunks },
    await mapSources(from, { wanted: to.release, chunks, options }),
  );
  if (steps.length === 0) return { reusedBytes: 0, copiedBytes: 0 };

  const { space = readSpace, preallocate, isSharing = false } = options;
  const store = new ContentStore(to.release, root, { space });
  try {
    const needsRoom = preallocate !== undefined && !isSharing;
    await store.prepare({ discard: true, signal, expectRoom: needsRoom });
    const work = new ReuseWork({ to, from, store, signal, log, onProgress: options.onProgress });
    const reuse = await work.run(steps);
    if (preallocate !== undefined) await allocateRoom(to, steps, { preallocate, space });
    writeNotes(to.release, work, options.journalPath);
    log.info("{service} {version}: {reusedBytes} of {sizeBytes} bytes were on this disk", {
      service: to.release.service,
      version: to.release.version,
      reusedBytes: reuse.reusedBytes,
      sizeBytes: to.release.sizeBytes,
    });
    return reuse;
  } catch (error) {
    // Without a journal the files are made anew anyway, and until then they would keep others from the room.
    if (error instanceof TransferError && error.code === "disk_full") store.discard();
    throw error;
  } finally {
    store.close();
  }
}

/** Notes what is there, so that the engine believes what is verified, as after any other interruption. */
function writeNotes(release: Release, { copied, verified }: ReuseWork, journalPath: string): void {
  try {
    new PresentBlocks(release, copied).write(presentBlocksPath(journalPath), verified);
    new ResumeJournal(journalPath, { release, verified, boot: currentBoot() }).close();
  } catch (error) {
    throw diskError("write", journalPath, error);
  }
}

/** The sources with chunks of the right size: from their own .torrent, or cut now where those have another size. */
async function mapSources(
  from: readonly StoredContent[],
  context: { wanted: Release; chunks: ChunkMap | undefined; options: ReuseOptions },
): Promise<ReuseSource[]> {
  const { wanted, chunks, options } = context;
  const known = new Set(wanted.files.map((file) => file.sha256));
  const sources: ReuseSource[] = [];
  for (const { release, root } of from) {
    let mapped = readChunkMap(release);
    const fits = chunks === undefined || mapped?.averageBytes === chunks.averageBytes;
    // If every file of the source is wanted as it is, its chunks are not needed.
    if (!fits && release.files.some((file) => !known.has(file.sha256))) {
      const { signal, log } = options;
      mapped = await mapContent({ release, root, averageBytes: chunks.averageBytes, signal, log });
    }
    sources.push({ release, chunks: mapped });
  }
  return sources;
}

/** Allocates room for the files that were not copied as a whole, so that a full disk shows before the download begins. */
async function allocateRoom(
  { release, root }: StoredContent,
  steps: readonly CopyStep[],
  { preallocate, space }: { readonly preallocate: Preallocate; readonly space: ReadSpace },
): Promise<void> {
  const files = incompleteFiles(release, steps);
  const bytes = files.reduce((sum, file) => {
    const takenBytes = (fs.statSync(`${root}/${file.path}`).blocks ?? 0) * BLOCK_BYTES;
    return sum + Math.max(0, file.sizeBytes - takenBytes);
  }, 0);
  expectRoom(root, { bytes, files: 0 }, await space(root));
  for (const { path, sizeBytes } of files) {
    try {
      await preallocate(`${root}/${path}`, sizeBytes);
    } catch (cause) {
      throw diskError("make", `${root}/${path}`, cause);
    }
  }
}

/** The files that no single step covers. */
function incompleteFiles(release: Release, steps: readonly CopyStep[]): ReleaseFile[] {
  let step = 0;
  return release.files.filter((file) => {
    const endBytes = file.offsetBytes + file.sizeBytes;
    while (
      step < steps.length && steps[step]!.toBytes + steps[step]!.sizeBytes <= file.offsetBytes
    ) {
      step++;
    }
    const covering = steps[step];
    const isWhole = covering !== undefined && covering.toBytes <= file.offsetBytes &&
      covering.toBytes + covering.sizeBytes >= endBytes;
    return !isWhole && file.sizeBytes > 0;
  });
}

/** Whether an earlier attempt has left a journal, so that the reuse is done. */
export function hasJournal(journalPath: string): boolean {
  return fs.existsSync(journalPath);
}
