/**
 * Puts together what it can of a release from other releases on this disk, checks it piece by piece, and leaves a resume
 * journal: the engine then fetches the rest, and nothing else. The other releases' files are only read; the new ones are
 * files of their own.
 */

import * as fs from "node:fs";
import { ContentStore, type Preallocate } from "../content/content_store.ts";
import { systemErrorCode, TransferError } from "../errors.ts";
import type { Log } from "../../base/log.ts";
import { readRelease } from "../release/metainfo.ts";
import type { Release } from "../release/release.ts";
import { currentBoot, ResumeJournal } from "../content/resume_journal.ts";
import { type ChunkMap, readChunkMap } from "../release/chunk_map.ts";
import type { Content } from "./copy_content.ts";
import { mapContent } from "./map_content.ts";
import { PresentBlocks, presentBlocksPath } from "../content/present_blocks.ts";
import { type CopyStep, planReuse, type ReuseSource } from "./reuse_plan.ts";
import { ReuseWork } from "./reuse_work.ts";

/** A complete release on this disk. */
export interface ReuseFrom {
  /** Its .torrent. */
  readonly metainfo: Uint8Array;
  /** Where its files lie. They are believed to be what the .torrent says; where they are not, nothing is gained. */
  readonly root: string;
}

/** What to put together, and from what. */
export interface ReuseOptions {
  /** The .torrent of the release that is wanted. */
  readonly metainfo: Uint8Array;
  /** Its root, as an engine's; on the file system of the sources, best. */
  readonly root: string;
  /** As an engine's; written last, and the proof that this has been done. Beside it: `PresentBlocks`. */
  readonly journalPath: string;
  /** In order of preference; each costs the memory of its chunk map (up to 3 MB, and an index of the same size). */
  readonly sources: readonly ReuseFrom[];
  /** As an engine's: claims room for what has to be fetched before it is. Default: none. */
  readonly preallocate?: Preallocate;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Called after every piece or step: bytes dealt with, and of how many. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

/** What came of it. */
export interface Reuse {
  /** In pieces that are complete and match their hash: need not be fetched. */
  readonly reusedBytes: number;
  /** Copied or shared; more than the former by what lies in pieces that are not complete. */
  readonly copiedBytes: number;
}

/**
 * See the file's head. A crash at any moment leaves files without a journal, to be done again. With nothing to gain,
 * nothing is touched and no journal written.
 *
 * @throws {TransferError} "disk_full", "disk_failed", "stopped"; {ReleaseError} for metainfo that is not acceptable.
 */
export async function reuseRelease(options: ReuseOptions): Promise<Reuse> {
  const { root, signal, log } = options;
  const to: Content = { release: readRelease(options.metainfo), root };
  const from = options.sources.map((source): Content => ({
    release: readRelease(source.metainfo),
    root: source.root,
  }));
  const chunks = readChunkMap(to.release);
  const steps = planReuse(
    { release: to.release, chunks },
    await mapSources(from, { wanted: to.release, chunks, options }),
  );
  if (steps.length === 0) return { reusedBytes: 0, copiedBytes: 0 };

  const store = new ContentStore(to.release, root);
  try {
    await store.prepare({ discard: true, signal });
    const work = new ReuseWork({ to, from, store, options });
    const reuse = await work.run(steps);
    await claimRoom(to, steps, options.preallocate);
    new PresentBlocks(to.release, work.copied).write(
      presentBlocksPath(options.journalPath),
      work.verified,
    );
    // From here on the engine takes what is verified for granted, as after any other interruption.
    new ResumeJournal(options.journalPath, {
      release: to.release,
      verified: work.verified,
      boot: currentBoot(),
    }).close();
    log.info("{service} {version}: {reusedBytes} of {sizeBytes} bytes were on this disk", {
      service: to.release.service,
      version: to.release.version,
      reusedBytes: reuse.reusedBytes,
      sizeBytes: to.release.sizeBytes,
    });
    return reuse;
  } finally {
    store.close();
  }
}

/** The sources with chunks of the right size: from their own .torrent, or cut now where that does not fit. */
async function mapSources(
  from: readonly Content[],
  context: { wanted: Release; chunks: ChunkMap | undefined; options: ReuseOptions },
): Promise<ReuseSource[]> {
  const { wanted, chunks, options } = context;
  const known = new Set(wanted.files.map((file) => file.sha256));
  const sources: ReuseSource[] = [];
  for (const { release, root } of from) {
    let mapped = readChunkMap(release);
    const fits = chunks === undefined || mapped?.averageBytes === chunks.averageBytes;
    // Nothing to look for in chunks when every file of it is wanted as it is.
    if (!fits && release.files.some((file) => !known.has(file.sha256))) {
      const { signal, log } = options;
      mapped = await mapContent({ release, root, averageBytes: chunks.averageBytes, signal, log });
    }
    sources.push({ release, chunks: mapped });
  }
  return sources;
}

/** Claims the room of files that were not copied as a whole, so that a full disk shows before the download does. */
async function claimRoom(
  { release, root }: Content,
  steps: readonly CopyStep[],
  preallocate: Preallocate | undefined,
): Promise<void> {
  if (preallocate === undefined) return;
  let step = 0;
  for (const file of release.files) {
    const endBytes = file.offsetBytes + file.sizeBytes;
    while (
      step < steps.length && steps[step]!.toBytes + steps[step]!.sizeBytes <= file.offsetBytes
    ) {
      step++;
    }
    const covering = steps[step];
    const whole = covering !== undefined && covering.toBytes <= file.offsetBytes &&
      covering.toBytes + covering.sizeBytes >= endBytes;
    if (whole || file.sizeBytes === 0) continue;
    const path = `${root}/${file.path}`;
    try {
      await preallocate(path, file.sizeBytes);
    } catch (cause) {
      const code = systemErrorCode(cause) ?? "unknown";
      throw new TransferError(
        code === "ENOSPC" || code === "EDQUOT" ? "disk_full" : "disk_failed",
        `make content: ${path} needs ${file.sizeBytes} bytes (${code}); make room and fetch again`,
        { cause },
      );
    }
  }
}

/** Whether an earlier attempt has left a journal, and so nothing is to be put together any more. */
export function hasJournal(journalPath: string): boolean {
  return fs.existsSync(journalPath);
}
