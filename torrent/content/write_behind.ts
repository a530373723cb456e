/**
 * Flushes what was written to the disk while more arrives, and, where it is not to stay in memory, drops it from the page
 * cache: a download must not push out what the running service reads. Dirty pages cannot be dropped, so pages are dropped
 * after their flush. A failed drop never fails a transfer, a failed flush does.
 */

import { dropCleanPages, syncFileSystem } from "../../ffi/mod.ts";
import type { Log } from "../../base/log.ts";
import type { Release } from "../release/mod.ts";

/** What becomes of a release's files in the page cache. */
export type PagePolicy =
  /** They stay as long as the kernel keeps them: for callers that lock them in memory right afterwards. */
  | "keep"
  /** They are dropped as soon as they are on disk and peers are not likely to request them. */
  | "drop";

/** Drops the clean pages of a part of a file from the page cache. */
export type DropPages = (
  path: string,
  range: { readonly offsetBytes: number; readonly lengthBytes: number },
) => Promise<void>;

/** What a write-behind needs. */
export interface WriteBehindOptions {
  readonly release: Release;
  /** Where the content lies now. */
  readonly root: () => string;
  /** Default "keep". */
  readonly pages?: PagePolicy;
  /** Default: posix_fadvise(2). */
  readonly dropPages?: DropPages;
  readonly log: Log;
  /** Default {@linkcode FLUSH_BYTES}. */
  readonly flushBytes?: number;
  /** Default {@linkcode WARM_BYTES}. */
  readonly warmBytes?: number;
}

/**
 * What was written is flushed each time that it has reached this size. If it were flushed only at the end, the disk would begin to
 * write then, and a release of many gigabytes would wait for all of it.
 */
const FLUSH_BYTES = 64 * 1024 * 1024;

/**
 * This much of what was written last stays in the page cache all the same, since peers request a new piece as soon as they
 * hear of it, and would be served from the disk otherwise.
 */
const WARM_BYTES = 256 * 1024 * 1024;

/** Releases whose files are smaller on the average are not dropped at all, since each file costs calls of its own. */
const MIN_AVERAGE_FILE_BYTES = 1024 * 1024;

/**
 * Up to this many files of a flush are synced by fdatasync(2), which does not wait for what others have written to the disk.
 * For more files, which takes files of less than a megabyte, one syncfs(2) is cheaper than waiting for the disk for each.
 */
const MAX_SYNCED_ONE_BY_ONE = 64;

/** What could not be flushed, and why. */
export interface WriteFailure {
  readonly path: string;
  readonly cause: unknown;
}

/** A part of one file. */
interface FileRange {
  readonly fileIndex: number;
  readonly startBytes: number;
  readonly endBytes: number;
}

/** Flushes a release's files, and drops their pages, while they are written. */
export class WriteBehind {
  readonly #options: WriteBehindOptions;
  readonly #dropPages: DropPages;
  readonly #isDropping: boolean;
  readonly #flushBytes: number;
  readonly #maxWarmBytes: number;
  /** The files that were written to since the last flush began. */
  #dirtyFiles = new Set<number>();
  /** The ranges of them that are to be dropped later; bounded by what arrives during a flush. */
  #dirty: FileRange[] = [];
  #dirtyBytes = 0;
  /** Ranges on disk and still in the page cache, oldest first: {@link WARM_BYTES}, for a moment a flush more. */
  readonly #warm: FileRange[] = [];
  #warmBytes = 0;
  #flushing: Promise<void> | undefined;
  #failure: WriteFailure | undefined;
  #hasWarned = false;

  constructor(options: WriteBehindOptions) {
    this.#options = options;
    this.#dropPages = options.dropPages ?? dropCleanPages;
    this.#flushBytes = options.flushBytes ?? FLUSH_BYTES;
    this.#maxWarmBytes = options.warmBytes ?? WARM_BYTES;
    this.#isDropping = options.pages === "drop" && isWorthDropping(options.release);
  }

  /** The first flush that has failed. It is kept, since the system tells it only once. */
  get failure(): WriteFailure | undefined {
    return this.#failure;
  }

  /** To be called after a part of a file has been written. */
  onWritten(fileIndex: number, startBytes: number, sizeBytes: number): void {
    this.#dirtyFiles.add(fileIndex);
    this.#dirtyBytes += sizeBytes;
    if (this.#isDropping) {
      this.#dirty.push({ fileIndex, startBytes, endBytes: startBytes + sizeBytes });
    }
    if (this.#dirtyBytes < this.#flushBytes || this.#flushing !== undefined) return;
    this.#flushing = this.#flush().finally(() => this.#flushing = undefined);
  }

  /** To be called after every file has been synced elsewhere. */
  onSynced(): void {
    this.#dirtyFiles.clear();
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await this.#flushing;
  }

  /** To be called after a part of a file has been read for the last time for now. */
  async onRead(fileIndex: number, startBytes: number, endBytes: number): Promise<void> {
    if (this.#isDropping) await this.#drop({ fileIndex, startBytes, endBytes });
  }

  /** To be called when everything is written and read: drops all that is left. A failure is told in the log. */
  async dropAll(): Promise<void> {
    if (!this.#isDropping) return;
    await this.settled();
    if (this.#dirtyFiles.size > 0) await this.#flush();
    this.#warm.length = this.#warmBytes = 0;
    for (const [fileIndex, { sizeBytes }] of this.#options.release.files.entries()) {
      if (sizeBytes > 0) await this.#drop({ fileIndex, startBytes: 0, endBytes: sizeBytes });
    }
  }

  async #flush(): Promise<void> {
    const [files, ranges] = [this.#dirtyFiles, this.#dirty];
    this.#dirtyFiles = new Set();
    this.#dirty = [];
    this.#dirtyBytes = 0;
    if (!await this.#sync(files)) return;
    for (const range of joinNeighbours(ranges)) {
      this.#warm.push(range);
      this.#warmBytes += range.endBytes - range.startBytes;
    }
    for (let at = this.#warm[0]; at !== undefined && this.#warmBytes > this.#maxWarmBytes;) {
      this.#warm.shift();
      this.#warmBytes -= at.endBytes - at.startBytes;
      await this.#drop(at);
      at = this.#warm[0];
    }
  }

  async #sync(files: ReadonlySet<number>): Promise<boolean> {
    let path = this.#options.root();
    try {
      if (files.size > MAX_SYNCED_ONE_BY_ONE) await syncFileSystem(path);
      else {
        for (const fileIndex of files) {
          path = this.#pathOf(fileIndex);
          using file = await Deno.open(path, { read: true });
          await file.syncData();
        }
      }
      return true;
    } catch (cause) {
      this.#failure ??= { path, cause };
      return false;
    }
  }

  async #drop({ fileIndex, startBytes, endBytes }: FileRange): Promise<void> {
    const path = this.#pathOf(fileIndex);
    try {
      await this.#dropPages(path, { offsetBytes: startBytes, lengthBytes: endBytes - startBytes });
    } catch (error) {
      if (this.#hasWarned) return;
      this.#hasWarned = true;
      this.#options.log.warn("{path}: not dropped from the page cache: {error}", { path, error });
    }
  }

  #pathOf(fileIndex: number): string {
    return `${this.#options.root()}/${this.#options.release.files[fileIndex]?.path}`;
  }
}

/** Whether the files are large enough for their pages to be dropped. */
export function isWorthDropping({ sizeBytes, files }: Release): boolean {
  return sizeBytes >= files.length * MIN_AVERAGE_FILE_BYTES;
}

/** The ranges in order, those that touch joined, since a call for each costs more than the sorting. */
function joinNeighbours(ranges: FileRange[]): FileRange[] {
  ranges.sort((a, b) => a.fileIndex - b.fileIndex || a.startBytes - b.startBytes);
  const joined: FileRange[] = [];
  for (const range of ranges) {
    const last = joined.at(-1);
    if (last?.fileIndex === range.fileIndex && last.endBytes >= range.startBytes) {
      const endBytes = Math.max(last.endBytes, range.endBytes);
      joined[joined.length - 1] = { ...last, endBytes };
    } else joined.push(range);
  }
  return joined;
}
