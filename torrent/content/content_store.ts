/**
 * The content of one release on disk: positioned reads and writes across its files. Neither pushes out of the page cache what
 * others use (`write_behind.ts`, `read_behind.ts`). They are synchronous on purpose, since
 * pread(2) and pwrite(2) of what is in the page cache cost less than a turn of the event loop, and a piece is written once
 * the call has returned. Whether pieces are right is not known here.
 */

import * as fs from "node:fs";
import { segmentsOf } from "./content_layout.ts";
import type { ReadSpace } from "./content_room.ts";
import { diskError } from "./disk_error.ts";
import {
  type Preallocate,
  prepareFiles,
  type PrepareOptions,
  tryTruncate,
} from "./prepare_files.ts";
import { TransferError } from "../errors.ts";
import { type Log, silentLog } from "../../base/log.ts";
import type { Release } from "../release/mod.ts";
import { ReadBehind } from "./read_behind.ts";
import { type DropPages, isWorthDropping, type PagePolicy, WriteBehind } from "./write_behind.ts";

/** Files that are kept open: enough for pieces that span small files, far below the usual limit of 1,024 per process. */
const MAX_OPEN_FILES = 64;
/**
 * With more files than this they are not synced one by one, since each sync takes about a millisecond on a disk. The journal
 * then says so, and after a crash of the machine the pieces are hashed again.
 */
const MAX_SYNCED_FILES = 1000;

/** How the store opens its files. */
export interface ContentStoreOptions {
  /** Default: the file is extended without allocating room (ftruncate(2)). */
  readonly preallocate?: Preallocate;
  /** Default: statfs(2). */
  readonly space?: ReadSpace;
  /** Whether what was written is to stay in the page cache. Default "keep". */
  readonly pages?: PagePolicy;
  /** Default: posix_fadvise(2). */
  readonly dropPages?: DropPages;
  /** How much of what was read last stays in the page cache. Default 256 MiB. */
  readonly warmBytes?: number;
  /** Default: silent. */
  readonly log?: Log;
}

interface OpenFile {
  readonly descriptor: number;
  readonly writable: boolean;
}

/** The files of one release's content, opened when they are needed. Every method throws {@link TransferError} "disk_full" or "disk_failed". */
export class ContentStore {
  readonly #release: Release;
  readonly #options: ContentStoreOptions;
  /** Open files by index, the least recently used first. */
  readonly #open = new Map<number, OpenFile>();
  readonly #behind: WriteBehind;
  /** Undefined for a release of many small files. */
  readonly #readBehind: ReadBehind | undefined;
  #root: string;
  /** Where the root is being moved to: while that is under way, each file is at either place. */
  #nextRoot: string | undefined;

  constructor(release: Release, root: string, options: ContentStoreOptions = {}) {
    this.#release = release;
    this.#root = root;
    this.#options = options;
    this.#behind = new WriteBehind({
      log: silentLog,
      ...options,
      release,
      root: () => this.#root,
    });
    this.#readBehind = isWorthDropping(release)
      ? new ReadBehind({
        release,
        pathOf: (fileIndex) => this.#pathOf(fileIndex),
        dropPages: options.dropPages,
        warmBytes: options.warmBytes,
      })
      : undefined;
  }

  /** The folder that holds the content. */
  get root(): string {
    return this.#root;
  }

  /** As `prepareFiles`. By default it looks for room if the store allocates it. */
  async prepare(
    options: Pick<PrepareOptions, "discard" | "signal"> & { readonly expectRoom?: boolean },
  ): Promise<number[]> {
    const { preallocate, space } = this.#options;
    return await prepareFiles(this.#release, this.#root, {
      expectRoom: preallocate !== undefined,
      ...options,
      preallocate,
      space,
    });
  }

  /** Empties every file, so that the content takes no room any more. What cannot be emptied is left as it is. */
  discard(): void {
    this.close();
    for (const { path } of this.#release.files) tryTruncate(`${this.#root}/${path}`, 0);
  }

  /** Fills the buffer from that offset of the content. */
  read(offsetBytes: number, buffer: Uint8Array): void {
    for (const segment of segmentsOf(this.#release, offsetBytes, buffer.length)) {
      const descriptor = this.#descriptor(segment.fileIndex, "read");
      const path = this.#pathOf(segment.fileIndex);
      this.#readBehind?.beforeRead(
        segment.fileIndex,
        segment.fileOffsetBytes,
        segment.sizeBytes,
      );
      let done = 0;
      while (done < segment.sizeBytes) {
        const read = this.#guard("read", path, () =>
          fs.readSync(
            descriptor,
            buffer,
            segment.rangeOffsetBytes + done,
            segment.sizeBytes - done,
            segment.fileOffsetBytes + done,
          ));
        if (read === 0) {
          throw new TransferError(
            "disk_failed",
            `read content: ${path} is shorter than its release says; fetch it again`,
          );
        }
        done += read;
      }
    }
  }

  /** Writes the bytes at that offset of the content. */
  write(offsetBytes: number, bytes: Uint8Array): void {
    for (const segment of segmentsOf(this.#release, offsetBytes, bytes.length)) {
      const descriptor = this.#descriptor(segment.fileIndex, "write");
      let done = 0;
      while (done < segment.sizeBytes) {
        done += this.#guard("write", this.#pathOf(segment.fileIndex), () =>
          fs.writeSync(
            descriptor,
            bytes,
            segment.rangeOffsetBytes + done,
            segment.sizeBytes - done,
            segment.fileOffsetBytes + done,
          ));
      }
      this.#behind.onWritten(segment.fileIndex, segment.fileOffsetBytes, segment.sizeBytes);
    }
  }

  /** Resolves when nothing is under way in the background; to be awaited before {@link close}. */
  async settled(): Promise<void> {
    await this.#readBehind?.settled();
    await this.#behind.settled();
  }

  /** Advises that a part of a file will not be needed soon. It never rejects. */
  async onRead(fileIndex: number, startBytes: number, endBytes: number): Promise<void> {
    await this.#behind.onRead(fileIndex, startBytes, endBytes);
  }

  /** Advises that nothing of the content will be needed soon; to be called after {@link sync}. It never rejects. */
  async dropPages(): Promise<void> {
    await this.#behind.dropAll();
  }

  /**
   * Syncs what was written to the disk (fsync(2)). Returns false, with nothing synced, if there are too many files to do so
   * one by one.
   */
  async sync(): Promise<boolean> {
    await this.#behind.settled();
    const { failure } = this.#behind;
    if (failure !== undefined) throw diskError("sync", failure.path, failure.cause);
    if (this.#release.files.length > MAX_SYNCED_FILES) return false;
    for (const index of this.#release.files.keys()) {
      const path = this.#pathOf(index);
      try {
        using file = await Deno.open(path, { read: true });
        await file.sync();
      } catch (cause) {
        throw diskError("sync", path, cause);
      }
    }
    this.#behind.onSynced();
    return true;
  }

  /**
   * Follows the root while the caller renames it. The content can be read all the time: peers ask for it whenever they like.
   * Rejects as `rename` does; the root is then wherever the content is.
   */
  async moveTo(newRoot: string, rename: () => Promise<void>): Promise<void> {
    this.#nextRoot = newRoot;
    try {
      await rename();
    } finally {
      this.#nextRoot = undefined;
      if (!fs.existsSync(this.#root) && fs.existsSync(newRoot)) this.#root = newRoot;
    }
    if (this.#root === newRoot) return;
    throw diskError("rename", this.#root, new Error(`expected it at ${newRoot} now`));
  }

  /** Closes every file; the next access opens it again. */
  close(): void {
    for (const { descriptor } of this.#open.values()) fs.closeSync(descriptor);
    this.#open.clear();
    this.#readBehind?.close();
  }

  #pathOf(fileIndex: number): string {
    const file = this.#release.files[fileIndex];
    if (file === undefined) throw new RangeError(`content: there is no file ${fileIndex}`);
    const hasMoved = this.#nextRoot !== undefined && !fs.existsSync(this.#root);
    return `${hasMoved ? this.#nextRoot : this.#root}/${file.path}`;
  }

  /**
   * Files are opened for writing only when they are written to, since a program cannot be started from a file that is open
   * for writing, and a running program's file cannot be opened for writing (ETXTBSY, execve(2)).
   */
  #descriptor(fileIndex: number, purpose: "read" | "write"): number {
    const known = this.#open.get(fileIndex);
    if (known !== undefined) {
      this.#open.delete(fileIndex);
      if (known.writable || purpose === "read") {
        this.#open.set(fileIndex, known);
        return known.descriptor;
      }
      fs.closeSync(known.descriptor);
    }
    if (this.#open.size >= MAX_OPEN_FILES) {
      for (const [oldest, { descriptor }] of this.#open) {
        fs.closeSync(descriptor);
        this.#open.delete(oldest);
        break;
      }
    }
    const path = this.#pathOf(fileIndex);
    const { O_RDWR, O_RDONLY, O_NOFOLLOW } = fs.constants;
    const access = purpose === "write" ? O_RDWR : O_RDONLY;
    const descriptor = this.#guard("open", path, () => fs.openSync(path, access | O_NOFOLLOW));
    this.#open.set(fileIndex, { descriptor, writable: purpose === "write" });
    return descriptor;
  }

  #guard<Result>(action: string, path: string, work: () => Result): Result {
    try {
      return work();
    } catch (cause) {
      throw diskError(action, path, cause);
    }
  }
}
