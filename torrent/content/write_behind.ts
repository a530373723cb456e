/**
 * Brings what was written onto the disk while more arrives, and, where it is not to stay in memory, takes it out of the
 * page cache again: a download must not push out what the running service reads. Dirty pages cannot be dropped, so that
 * is done behind the flushes. Advice never fails a transfer, a failed flush does.
 */

import { dropCleanPages, syncFileSystem } from "../../ffi/mod.ts";
import type { Log } from "../../base/log.ts";
import type { Release } from "../release/release.ts";

/** What is to become of the pages of a release's files in the page cache. */
export type PagePolicy =
  /** They stay as long as the kernel likes: for whoever locks them in memory right afterwards. */
  | "keep"
  /** They are dropped as soon as they are on disk and nobody is likely to ask for them. */
  | "drop";

/** Takes clean pages of a part of a file out of the page cache. */
export type DropPages = (
  path: string,
  range: { readonly offsetBytes: number; readonly lengthBytes: number },
) => Promise<void>;

/** What it needs. */
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
 * The disk is asked to keep what was written each time that it is so much: asked only in the end, it would begin then,
 * and a release of many gigabytes wait for all of it.
 */
const FLUSH_BYTES = 64 * 1024 * 1024;

/**
 * So much of what was written last stays in the page cache all the same: the peers ask for a new piece as soon as they
 * hear of it, and would be served from the disk.
 */
const WARM_BYTES = 256 * 1024 * 1024;

/**
 * Releases whose files are smaller on the average are not dropped piece by piece, since each file costs calls of its
 * own; whoever has synced them drops them in the end.
 */
const MIN_AVERAGE_FILE_BYTES = 1024 * 1024;

/**
 * In one flush. Above it, which takes files of less than a megabyte, one syncfs(2) is cheaper than an fdatasync(2) for
 * each, which waits for the disk every time; below it what others have written there need not be waited for.
 */
const MAX_SYNCED_ONE_BY_ONE = 64;

/** What could not be brought onto the disk, and why. */
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

/** See the file's head. */
export class WriteBehind {
  readonly #options: WriteBehindOptions;
  readonly #dropPages: DropPages;
  readonly #isDropping: boolean;
  readonly #flushBytes: number;
  readonly #maxWarmBytes: number;
  /** Written to since the last flush began. */
  #dirtyFiles = new Set<number>();
  /** What of them, where it is dropped later; as much as arrives during a flush. */
  #dirty: FileRange[] = [];
  #dirtyBytes = 0;
  /** On disk, and in the page cache still, oldest first: {@link WARM_BYTES}, and a flush's worth for a moment. */
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
    const { sizeBytes, files } = options.release;
    this.#isDropping = options.pages === "drop" &&
      sizeBytes >= files.length * MIN_AVERAGE_FILE_BYTES;
  }

  /** The first flush that has failed: the system tells it only once. */
  get failure(): WriteFailure | undefined {
    return this.#failure;
  }

  /** A part of a file has been written. */
  onWritten(fileIndex: number, startBytes: number, sizeBytes: number): void {
    this.#dirtyFiles.add(fileIndex);
    this.#dirtyBytes += sizeBytes;
    if (this.#isDropping) {
      this.#dirty.push({ fileIndex, startBytes, endBytes: startBytes + sizeBytes });
    }
    if (this.#dirtyBytes < this.#flushBytes || this.#flushing !== undefined) return;
    this.#flushing = this.#flush().finally(() => this.#flushing = undefined);
  }

  /** Somebody else has synced every file. */
  onSynced(): void {
    this.#dirtyFiles.clear();
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await this.#flushing;
  }

  /** A part of a file has been read for the last time for now. */
  async onRead(fileIndex: number, startBytes: number, endBytes: number): Promise<void> {
    if (this.#isDropping) await this.#drop({ fileIndex, startBytes, endBytes });
  }

  /** Everything is written and read: drops all that is left. What cannot be is told in the log. */
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

/** In order of their places, with those that touch made one: a call for each costs more than the sorting. */
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
