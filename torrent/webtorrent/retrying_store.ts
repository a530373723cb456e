/**
 * The content as the store of pieces that WebTorrent writes to. Where the library would end the transfer because of a full
 * disk, the pieces that are complete already wait here until there is room, and only then is the library told of them.
 */

import { diskError, type PieceStoreOptions, retryWhileDiskFull } from "../content/mod.ts";
import type { TransferError } from "../errors.ts";
import { pieceSizeBytes } from "../release/mod.ts";
import type { ChunkStore } from "./types.ts";

interface WaitingPiece {
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly callback: (error: Error | null) => void;
}

/** A store of pieces that waits while the disk is full. It calls back before a call returns, unless the piece has to wait. */
export class RetryingStore implements ChunkStore {
  readonly chunkLength: number;
  readonly #options: PieceStoreOptions;
  /**
   * The pieces that wait, in the order in which they came. They are bounded by what had been requested when the disk was
   * full, since nothing is requested meanwhile.
   */
  readonly #waiting: WaitingPiece[] = [];
  #waitingForRoom: Promise<void> | undefined;

  constructor(options: PieceStoreOptions) {
    this.#options = options;
    this.chunkLength = options.files.release.pieceLengthBytes;
  }

  put(index: number, bytes: Uint8Array, callback: (error: Error | null) => void): void {
    const piece = { index, bytes, callback };
    if (this.#waiting.length > 0) {
      this.#waiting.push(piece);
      return;
    }
    try {
      this.#write(piece);
    } catch (error) {
      const failure = diskError("write", this.#options.files.store.root, error);
      if (failure.code !== "disk_full") return callback(failure);
      this.#waiting.push(piece);
      this.#waitingForRoom = this.#writeLater(failure);
      return;
    }
    callback(null);
  }

  get(
    index: number,
    options: { offset?: number; length?: number } | null,
    callback: (error: Error | null, bytes?: Uint8Array) => void,
  ): void {
    const { release, store } = this.#options.files;
    const start = options?.offset ?? 0;
    const bytes = new Uint8Array(options?.length ?? pieceSizeBytes(release, index) - start);
    try {
      store.read(index * release.pieceLengthBytes + start, bytes);
    } catch (error) {
      return callback(diskError("read", store.root, error));
    }
    callback(null, bytes);
  }

  /** Does nothing, since the transfer closes the files itself, after its journal. */
  close(callback: (error: Error | null) => void): void {
    callback(null);
  }

  /** As {@link close}. */
  destroy(callback: (error: Error | null) => void): void {
    callback(null);
  }

  /** Resolves when no piece waits any more; to be awaited after the signal has been aborted. */
  async ended(): Promise<void> {
    await this.#waitingForRoom;
  }

  #write({ index, bytes }: WaitingPiece): void {
    const { files, onWritten } = this.#options;
    files.store.write(index * this.chunkLength, bytes);
    if (files.claim(index)) onWritten(index);
  }

  async #writeLater(full: TransferError): Promise<void> {
    const { files, clock, signal, onPaused, onContinued } = this.#options;
    onPaused(full);
    for (let piece = this.#waiting[0]; piece !== undefined; piece = this.#waiting[0]) {
      const next = piece;
      try {
        await retryWhileDiskFull(() => this.#write(next), {
          clock,
          signal,
          onFull: () => {},
          onRoom: () => {},
        });
      } catch (error) {
        this.#waiting.length = 0;
        if (!signal.aborted) next.callback(diskError("write", files.store.root, error));
        return;
      }
      this.#waiting.shift();
      // The transfer may have been stopped while the piece was written.
      if (!signal.aborted) next.callback(null);
    }
    if (!signal.aborted) onContinued();
  }
}
