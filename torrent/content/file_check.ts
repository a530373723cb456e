/**
 * Checks the SHA-256 of each file as soon as its last piece is there, while the rest of the release is fetched: the file is
 * still in the page cache, and at the end little is left to do. It decides nothing: a file that has not passed, for whatever
 * reason, is read again by `verify_release.ts`, which says what is wrong with it.
 */

import { segmentsOf } from "./content_layout.ts";
import { stampOf } from "./file_digest.ts";
import { FileHasher, type FileHasherOptions } from "./file_hasher.ts";
import type { Log } from "../../base/log.ts";
import type { PieceSet } from "./piece_set.ts";
import { pieceSizeBytes, type Release } from "../release/mod.ts";

/**
 * Smaller releases are checked only at the end: the main thread hashes them in the time that the worker takes to start.
 */
export const MIN_CHECKED_BYTES = 64 * 1024 * 1024;

/** The size of a batch, 40 ms of hashing. Small files go in batches, since a message for each costs more than its hash. */
const BATCH_BYTES = 64 * 1024 * 1024;
/** The most files in a batch; they are opened one after the other. */
const BATCH_FILES = 256;

/** What a file check needs. */
export interface FileCheckOptions extends FileHasherOptions {
  readonly release: Release;
  /** Where the content lies now. */
  readonly root: () => string;
  /** The pieces that are there already. */
  readonly verified: PieceSet;
  readonly log: Log;
  /** Called after a part of a file has been read and is not needed here any more. */
  readonly onRead: (fileIndex: number, startBytes: number, endBytes: number) => Promise<void>;
}

/** The check of one release's files while they arrive. It has to be closed. */
export class FileCheck {
  readonly #options: FileCheckOptions;
  /** The number of pieces that each file lacks; files without content are left to the end. */
  readonly #lacking: Uint32Array;
  /** Files that are complete and not yet read; each is in it once. */
  readonly #queue: number[] = [];
  /** The stamps of the files that have passed. */
  readonly #passed = new Map<number, string>();
  #hasher: FileHasher | undefined;
  #working: Promise<void> | undefined;
  /** The size of the files that have been read. */
  #readBytes = 0;
  /** The number of files with content that have not been read. */
  #unread = 0;
  #isClosed = false;
  #onProgress: ((readBytes: number) => void) | undefined;

  constructor(options: FileCheckOptions) {
    const { release, verified } = this.#options = options;
    this.#lacking = new Uint32Array(release.files.length);
    for (const [index, { offsetBytes, sizeBytes }] of release.files.entries()) {
      if (sizeBytes === 0) continue;
      this.#unread++;
      const first = Math.floor(offsetBytes / release.pieceLengthBytes);
      const last = Math.floor((offsetBytes + sizeBytes - 1) / release.pieceLengthBytes);
      let lacking = 0;
      for (let piece = first; piece <= last; piece++) if (!verified.has(piece)) lacking++;
      this.#lacking[index] = lacking;
      if (lacking === 0) this.#queue.push(index);
    }
    this.#work();
  }

  /** To be called once for each piece that has been written. */
  onPiece(piece: number): void {
    const { release } = this.#options;
    const startBytes = piece * release.pieceLengthBytes;
    for (const { fileIndex } of segmentsOf(release, startBytes, pieceSizeBytes(release, piece))) {
      if (--this.#lacking[fileIndex]! === 0) this.#queue.push(fileIndex);
    }
    this.#work();
  }

  /** Whether a file has passed and has not changed since. */
  hasPassed(fileIndex: number): boolean {
    const stamp = this.#passed.get(fileIndex);
    return stamp !== undefined && stamp === stampOf(this.#pathOf(fileIndex));
  }

  /**
   * Resolves when every complete file has been read, or when no more will be, because the check was closed, the worker has
   * failed, or the signal is aborted. To be called once.
   */
  async caughtUp(
    options: {
      readonly signal?: AbortSignal | undefined;
      /** Called now and then: bytes read since the check began. */
      readonly onProgress?: ((readBytes: number) => void) | undefined;
    } = {},
  ): Promise<void> {
    const { signal, onProgress } = options;
    this.#onProgress = onProgress;
    const close = () => this.close();
    if (signal?.aborted) close();
    signal?.addEventListener("abort", close);
    try {
      while (this.#working !== undefined) await this.#working;
    } finally {
      signal?.removeEventListener("abort", close);
      this.#onProgress = undefined;
    }
  }

  /** Stops reading. */
  close(): void {
    this.#isClosed = true;
    this.#hasher?.close();
  }

  #work(): void {
    if (this.#queue.length === 0 || this.#working !== undefined || this.#isClosed) return;
    this.#working = this.#readQueue()
      .catch((error) => this.#giveUp(error))
      .finally(() => {
        this.#working = undefined;
        // For files that have been completed since the queue was last looked at.
        this.#work();
      });
  }

  async #readQueue(): Promise<void> {
    while (this.#queue.length > 0 && !this.#isClosed) {
      this.#hasher ??= new FileHasher(this.#options);
      await this.#read(this.#takeBatch(), this.#hasher);
      if (this.#unread === 0) this.close();
    }
  }

  #takeBatch(): number[] {
    let [count, sizeBytes] = [0, 0];
    while (count < Math.min(this.#queue.length, BATCH_FILES) && sizeBytes < BATCH_BYTES) {
      sizeBytes += this.#sizeOf(this.#queue[count++]!);
    }
    return this.#queue.splice(0, count);
  }

  async #read(batch: readonly number[], hasher: FileHasher): Promise<void> {
    const { release } = this.#options;
    let last = { at: -1, readBytes: 0 };
    let advice = Promise.resolve();
    const paths = batch.map((index) => this.#pathOf(index));
    const digests = await hasher.hash(paths, (at, readBytes) => {
      const startBytes = last.at === at ? last.readBytes : 0;
      last = { at, readBytes };
      this.#onProgress?.(this.#readBytes + readBytes);
      advice = advice.then(() => this.#options.onRead(batch[at]!, startBytes, readBytes));
    });
    await advice;
    for (const [at, index] of batch.entries()) {
      const digest = digests[at];
      if (digest !== undefined && digest.sha256 === release.files[index]?.sha256) {
        this.#passed.set(index, digest.stamp);
      }
      this.#readBytes += this.#sizeOf(index);
      this.#unread--;
      await this.#options.onRead(index, 0, this.#sizeOf(index));
    }
    this.#onProgress?.(this.#readBytes);
  }

  #giveUp(error: unknown): void {
    if (this.#isClosed) return;
    this.close();
    const { release, log } = this.#options;
    log.warn(
      "{service} {version}: its files are checked in the end, not while they come: {error}",
      {
        service: release.service,
        version: release.version,
        error,
      },
    );
  }

  #sizeOf(fileIndex: number): number {
    return this.#options.release.files[fileIndex]?.sizeBytes ?? 0;
  }

  #pathOf(fileIndex: number): string {
    return `${this.#options.root()}/${this.#options.release.files[fileIndex]?.path}`;
  }
}
