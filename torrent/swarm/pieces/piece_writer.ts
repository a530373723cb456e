/**
 * Writes verified pieces to the disk. While the disk is full it keeps one piece, tries again until there is room for
 * it, and accepts no others: pieces that arrive meanwhile are fetched again later.
 */

import { diskError } from "../../content/disk_error.ts";
import type { TransferError } from "../../errors.ts";
import { type PieceStoreOptions, retryWhileDiskFull } from "../../content/transfer_files.ts";

/** What a writer works with, and whom it tells. `onContinued` comes before the `onWritten` of the piece that waited. */
export interface PieceWriterOptions extends PieceStoreOptions {
  /** The disk failed in another way than being full. */
  readonly onFailed: (error: TransferError) => void;
}

/** Writes one transfer's pieces. */
export class PieceWriter {
  readonly #options: PieceWriterOptions;
  #isPaused = false;
  #waiting: Promise<void> | undefined;

  constructor(options: PieceWriterOptions) {
    this.#options = options;
  }

  /** Whether the disk is full, so that no pieces are accepted for now. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Writes the piece now, or later if there is no room. The caller may reuse the bytes at once. */
  write(index: number, bytes: Uint8Array): void {
    const { files, onWritten, onFailed } = this.#options;
    try {
      this.#write(index, bytes);
    } catch (error) {
      const failure = diskError("write", files.store.root, error);
      if (failure.code !== "disk_full") return onFailed(failure);
      this.#waiting = this.#writeLater(index, bytes.slice(), failure);
      return;
    }
    onWritten(index);
  }

  /** Resolves when no piece waits for room any more; to be called after the signal was aborted. */
  async ended(): Promise<void> {
    await this.#waiting;
  }

  #write(index: number, bytes: Uint8Array): void {
    const { files } = this.#options;
    files.store.write(index * files.release.pieceLengthBytes, bytes);
    files.claim(index);
  }

  async #writeLater(index: number, bytes: Uint8Array, full: TransferError): Promise<void> {
    const { files, clock, signal, onWritten, onPaused, onContinued, onFailed } = this.#options;
    this.#isPaused = true;
    onPaused(full);
    try {
      await retryWhileDiskFull(() => this.#write(index, bytes), {
        clock,
        signal,
        onFull: () => {},
        onRoom: () => {},
      });
    } catch (error) {
      if (!signal.aborted) onFailed(diskError("write", files.store.root, error));
      return;
    }
    this.#isPaused = false;
    onContinued();
    onWritten(index);
  }
}
