/**
 * The content as the store of pieces that WebTorrent writes to. It is patient: where the library would
 * end the whole transfer because of a full disk, the pieces that are complete already wait here until
 * there is room, and the library is told of them then.
 */

import { diskError } from "../content/content_store.ts";
import type { TransferError } from "../errors.ts";
import { pieceSizeBytes } from "../release/release.ts";
import { type PieceWriting, whenThereIsRoom } from "../content/transfer_files.ts";
import type { ChunkStore } from "./types.ts";

interface WaitingPiece {
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly callback: (error: Error | null) => void;
}

/** See the file's head. But for those that wait, calls back before the calls return. */
export class PatientStore implements ChunkStore {
  readonly chunkLength: number;
  readonly #options: PieceWriting;
  /**
   * In the order in which they came, their blocks the library's own. No more than what had been asked
   * for when the disk was full, since nothing is asked for meanwhile: that bounds them.
   */
  readonly #waiting: WaitingPiece[] = [];
  #waitingForRoom: Promise<void> | undefined;

  constructor(options: PieceWriting) {
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

  /** Nothing: the transfer closes the files itself, after its journal. */
  close(callback: (error: Error | null) => void): void {
    callback(null);
  }

  /** As {@link close}. */
  destroy(callback: (error: Error | null) => void): void {
    callback(null);
  }

  /** Resolves when nothing is waited for any more; after the signal has been aborted. */
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
        await whenThereIsRoom(() => this.#write(next), {
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
