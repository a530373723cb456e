/**
 * The content of one release on disk: positioned reads and writes across its files. They are synchronous on purpose, since
 * pread(2) and pwrite(2) of what is in the page cache cost less than a turn of the event loop, and a piece is written once
 * the call has returned. Whether pieces are right is not known here.
 */

import * as fs from "node:fs";
import { yieldToOthers } from "../../base/clock.ts";
import { reasonOf } from "../../base/reason.ts";
import { segmentsOf } from "./content_layout.ts";
import { freeBytesOf } from "./free_space.ts";
import { systemErrorCode, TransferError } from "../errors.ts";
import { type Log, silentLog } from "../../base/log.ts";
import type { Release, ReleaseFile } from "../release/mod.ts";
import { type DropPages, type PagePolicy, WriteBehind } from "./write_behind.ts";

/** Files that are kept open: enough for pieces that span small files, far below the usual limit of 1,024 per process. */
const MAX_OPEN_FILES = 64;
/** Files that are made between two turns of the event loop. */
const FILES_PER_TURN = 128;
/**
 * With more files than this they are not synced one by one, since each sync takes about a millisecond on a disk. The journal
 * then says so, and after a crash of the machine the pieces are hashed again.
 */
const MAX_SYNCED_FILES = 1000;

/**
 * Allocates a file's full size on disk, so that a full disk is noticed before the download begins. If it fails, the file
 * must have its former size again.
 */
export type Preallocate = (path: string, sizeBytes: number) => void | Promise<void>;

/** How the store opens its files. */
export interface ContentStoreOptions {
  /** Default: the file is extended without allocating room (ftruncate(2)). */
  readonly preallocate?: Preallocate;
  /** How many bytes may still be written to the file system of a folder. Default: statfs(2). */
  readonly freeBytes?: (path: string) => number;
  /** Whether what was written is to stay in the page cache. Default "keep". */
  readonly pages?: PagePolicy;
  /** Default: posix_fadvise(2). */
  readonly dropPages?: DropPages;
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
  }

  /** The folder that holds the content. */
  get root(): string {
    return this.#root;
  }

  /**
   * Makes every folder, and every file at its full size; returns how large each file was before, in the release's order.
   * With `discard` the content that is there is thrown away. If there is no room for all files, or the allocation of one
   * fails, every file has its former size again: a fetch that cannot begin must not fill the disk.
   */
  async prepare(options: { discard: boolean; signal: AbortSignal }): Promise<number[]> {
    const formerBytes: number[] = [];
    const folders = new Set<string>();
    this.#guard("make", this.#root, () => fs.mkdirSync(this.#root, { recursive: true }));
    for (const [index, file] of this.#release.files.entries()) {
      if (options.signal.aborted) throw stoppedError();
      this.#makeFolders(file, folders);
      formerBytes.push(this.#makeFile(file, options.discard));
      if (index % FILES_PER_TURN === FILES_PER_TURN - 1) await yieldToOthers();
    }
    await this.#extendFiles(formerBytes, options.signal);
    return formerBytes;
  }

  /** Fills the buffer from that offset of the content. */
  read(offsetBytes: number, buffer: Uint8Array): void {
    for (const segment of segmentsOf(this.#release, offsetBytes, buffer.length)) {
      const descriptor = this.#descriptor(segment.fileIndex, "read");
      const path = this.#pathOf(segment.fileIndex);
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

  /** Each folder must be a real one, since a symbolic link would lead the content elsewhere. */
  #makeFolders(file: ReleaseFile, folders: Set<string>): void {
    for (let at = file.path.indexOf("/"); at !== -1; at = file.path.indexOf("/", at + 1)) {
      const folder = file.path.slice(0, at);
      if (folders.has(folder)) continue;
      const path = `${this.#root}/${folder}`;
      this.#guard("make", path, () => {
        if (!fs.existsSync(path)) fs.mkdirSync(path);
        if (!fs.lstatSync(path).isDirectory()) throw new Error("not a folder");
      });
      folders.add(folder);
    }
  }

  /** Makes a file, no larger than it is to be; returns its former size. */
  #makeFile(file: ReleaseFile, discard: boolean): number {
    const path = `${this.#root}/${file.path}`;
    return this.#guard("make", path, () => {
      const info = fs.lstatSync(path, { throwIfNoEntry: false });
      if (info !== undefined && !info.isFile()) throw new Error("not a file");
      const formerBytes = discard ? 0 : info?.size ?? 0;
      if (info === undefined || discard || formerBytes > file.sizeBytes) {
        setSize(path, {
          sizeBytes: Math.min(formerBytes, file.sizeBytes),
          mode: file.executable ? 0o755 : 0o644,
        });
      }
      return formerBytes;
    });
  }

  /** Brings every file to its full size, or leaves all of them as they were. */
  async #extendFiles(formerBytes: readonly number[], signal: AbortSignal): Promise<void> {
    const { preallocate } = this.#options;
    if (preallocate !== undefined) this.#expectRoom(formerBytes);
    const extended: number[] = [];
    try {
      for (const [index, file] of this.#release.files.entries()) {
        if (formerBytes[index]! >= file.sizeBytes) continue;
        if (signal.aborted) throw stoppedError();
        extended.push(index);
        await this.#extend(file);
        if (index % FILES_PER_TURN === FILES_PER_TURN - 1) await yieldToOthers();
      }
    } catch (error) {
      // Whatever goes wrong in that is a lesser evil than not to say what went wrong before.
      for (const index of extended) this.#tryTruncate(index, formerBytes[index]!);
      throw error;
    }
  }

  async #extend(file: ReleaseFile): Promise<void> {
    const path = `${this.#root}/${file.path}`;
    const { preallocate } = this.#options;
    try {
      if (preallocate === undefined) setSize(path, { sizeBytes: file.sizeBytes });
      else await preallocate(path, file.sizeBytes);
    } catch (cause) {
      throw diskError("make", path, cause);
    }
  }

  #tryTruncate(fileIndex: number, sizeBytes: number): void {
    try {
      setSize(this.#pathOf(fileIndex), { sizeBytes });
    } catch {
      // It is gone, or the disk is broken.
    }
  }

  /** Looks at the room for all files before the first one is allocated. */
  #expectRoom(formerBytes: readonly number[]): void {
    let neededBytes = 0;
    for (const [index, { sizeBytes }] of this.#release.files.entries()) {
      neededBytes += Math.max(0, sizeBytes - formerBytes[index]!);
    }
    const freeBytes = (this.#options.freeBytes ?? freeBytesOf)(this.#root);
    if (neededBytes <= freeBytes) return;
    throw new TransferError(
      "disk_full",
      `make content: no room for ${this.#root}: expected ${neededBytes} bytes, ${freeBytes} are free; ` +
        "make room and fetch again, what is verified is kept",
    );
  }

  #guard<Result>(action: string, path: string, work: () => Result): Result {
    try {
      return work();
    } catch (cause) {
      throw diskError(action, path, cause);
    }
  }
}

/** Cuts a file off or extends it; makes it if it is missing and there is a mode for it. It follows no symbolic link. */
function setSize(
  path: string,
  { sizeBytes, mode }: { readonly sizeBytes: number; readonly mode?: number },
): void {
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = fs.constants;
  const flags = O_RDWR | O_NOFOLLOW | (mode === undefined ? 0 : O_CREAT);
  const descriptor = fs.openSync(path, flags, mode);
  try {
    fs.ftruncateSync(descriptor, sizeBytes);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** The error of a transfer that its caller has stopped. */
export function stoppedError(cause?: unknown): TransferError {
  return new TransferError("stopped", "transfer: stopped by its caller; fetch again to resume", {
    cause,
  });
}

/** The transfer's error after a failed access to the disk. */
export function diskError(action: string, path: string, cause: unknown): TransferError {
  if (cause instanceof TransferError) return cause;
  const code = systemErrorCode(cause);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new TransferError(
      "disk_full",
      `${action} content: no room for ${path} (${code}); make room and fetch again, ` +
        "what is verified is kept",
      { cause },
    );
  }
  const detail = code ?? (reasonOf(cause));
  return new TransferError("disk_failed", `${action} content: ${path}: ${detail}`, { cause });
}
