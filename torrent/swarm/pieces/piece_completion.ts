/**
 * What becomes of a piece of which every block is here: it is compared with its hash and then written, or fetched again
 * and its sender banned. The hash may be known later, and in another order, and by then the peers that sent the piece
 * may have gone, the disk be full, or the transfer be over.
 */

import type { TransferFiles } from "../../content/transfer_files.ts";
import type { SmartBan } from "./smart_ban.ts";
import type { PiecePicker } from "./piece_picker.ts";
import type { RequestScheduler } from "./request_scheduler.ts";
import type { RequestTarget } from "./request_target.ts";
import type { PieceHasher } from "./piece_hasher.ts";
import type { PartialPiece } from "./partial_piece.ts";
import type { PieceWriter } from "./piece_writer.ts";
import { findGuilty } from "./prefill.ts";

/** What the completion of pieces works with, and whom it tells. */
export interface PieceCompletionOptions {
  readonly files: TransferFiles;
  readonly scheduler: Pick<RequestScheduler, "seal" | "close">;
  readonly picker: Pick<PiecePicker, "putBack">;
  readonly smartBan: SmartBan<RequestTarget>;
  readonly hasher: PieceHasher;
  readonly writer: Pick<PieceWriter, "write" | "isPaused">;
  /** Aborted when the transfer is over: nothing is written or reported any more. */
  readonly signal: AbortSignal;
  /** A piece did not match its hash. */
  readonly onRejected: (message: string) => void;
  /** These peers have certainly sent wrong bytes. Some may have disconnected already. */
  readonly onGuilty: (guilty: readonly RequestTarget[]) => void;
  /** A piece is to be fetched again, or has made room for another: idle peers can be asked for more. */
  readonly onRoom: () => void;
}

/** Verifies and writes pieces, or has them fetched again. */
export class PieceCompletion {
  readonly #options: PieceCompletionOptions;

  constructor(options: PieceCompletionOptions) {
    this.#options = options;
  }

  /** Every block of the piece is here. */
  onPiece(piece: PartialPiece<RequestTarget>): void {
    const { scheduler, hasher } = this.#options;
    // From here on nobody is asked for the piece, and a sender that leaves does not take its blocks back.
    const bytes = scheduler.seal(piece).subarray(0, piece.sizeBytes);
    let isLater = false;
    hasher.check(piece.index, bytes, (matches) => {
      const isPutBack = this.#onKnown(piece, bytes, matches);
      // Otherwise nobody need be asked now: the piece's last sender is as soon as this has returned.
      if (isLater || isPutBack) this.#options.onRoom();
    });
    isLater = true;
  }

  /** Resolves when no other thread reads a piece any more. */
  async ended(): Promise<void> {
    await this.#options.hasher.ended();
  }

  /** The piece's hash is known. Returns whether the piece is to be fetched again. */
  #onKnown(piece: PartialPiece<RequestTarget>, bytes: Uint8Array, matches: boolean): boolean {
    const { files, scheduler, picker, smartBan, writer, signal, onRejected, onGuilty } =
      this.#options;
    if (signal.aborted) {
      // The files are about to be closed. A transfer that resumes fetches the piece again.
      scheduler.close(piece);
      return false;
    }
    const guilty = matches ? smartBan.onMatch(piece) : findGuilty(piece, { files, smartBan });
    const isWritten = matches && !writer.isPaused;
    if (isWritten) writer.write(piece.index, bytes);
    scheduler.close(piece);
    if (!isWritten) picker.putBack(piece.index);
    if (!matches) {
      const blame = guilty.length > 0 ? "its sender is banned" : "it came from several sources";
      onRejected(`piece ${piece.index} does not match its hash; ${blame}`);
    }
    if (guilty.length > 0) onGuilty(guilty);
    return !isWritten;
  }
}
