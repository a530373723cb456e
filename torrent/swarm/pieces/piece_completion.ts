/**
 * What becomes of a piece of which every block is here: it is compared with its hash, and then written, or fetched again
 * and its sender banned. Hashes may be known later, and in another order, and by then the peers that sent the piece may
 * have gone, the disk be full, or the transfer be over.
 */

import type { TransferFiles } from "../../content/transfer_files.ts";
import type { SmartBan } from "./smart_ban.ts";
import type { PiecePicker } from "./piece_picker.ts";
import type { RequestScheduler, RequestTarget } from "./request_scheduler.ts";
import type { PieceHasher } from "./piece_hasher.ts";
import type { PartialPiece } from "./partial_piece.ts";
import type { PieceWriter } from "./piece_writer.ts";
import { findGuilty } from "./prefill.ts";

/** What it works with, and whom it tells. */
export interface PieceCompletionOptions {
  readonly files: TransferFiles;
  readonly desk: Pick<RequestScheduler, "seal" | "close">;
  readonly picker: Pick<PiecePicker, "putBack">;
  readonly bad: SmartBan<RequestTarget>;
  readonly hasher: PieceHasher;
  readonly writer: Pick<PieceWriter, "write" | "isPaused">;
  /** Aborted when the transfer is over: nothing is written or told any more. */
  readonly signal: AbortSignal;
  readonly onRejected: (message: string) => void;
  /** These have certainly sent wrong bytes. One may have gone already. */
  readonly onGuilty: (guilty: readonly RequestTarget[]) => void;
  /** A piece is to be fetched again, or has made room for another: whoever has nothing to do can be asked. */
  readonly onRoom: () => void;
}

/** See the file's head. */
export class PieceCompletion {
  readonly #options: PieceCompletionOptions;

  constructor(options: PieceCompletionOptions) {
    this.#options = options;
  }

  /** Every block of the piece is here. */
  onPiece(piece: PartialPiece<RequestTarget>): void {
    const { desk, hasher } = this.#options;
    // From here on nobody is asked for it, and who leaves does not take anything of it along.
    const bytes = desk.seal(piece).subarray(0, piece.sizeBytes);
    let isLater = false;
    hasher.check(piece.index, bytes, (matches) => {
      const isPutBack = this.#onKnown(piece, bytes, matches);
      // Otherwise the piece's last sender is asked for more as soon as this has returned.
      if (isLater || isPutBack) this.#options.onRoom();
    });
    isLater = true;
  }

  /** Resolves when no thread looks at a piece any more. */
  async ended(): Promise<void> {
    await this.#options.hasher.ended();
  }

  /** Whether the piece is to be fetched again. */
  #onKnown(piece: PartialPiece<RequestTarget>, bytes: Uint8Array, matches: boolean): boolean {
    const { files, desk, picker, bad, writer, signal, onRejected, onGuilty } = this.#options;
    if (signal.aborted) {
      // The files are about to be closed. Whoever goes on with the transfer fetches the piece again.
      desk.close(piece);
      return false;
    }
    const guilty = matches ? bad.onMatch(piece) : findGuilty(piece, { files, bad });
    const isWritten = matches && !writer.isPaused;
    if (isWritten) writer.write(piece.index, bytes);
    desk.close(piece);
    if (!isWritten) picker.putBack(piece.index);
    if (!matches) {
      const blame = guilty.length > 0 ? "its sender is banned" : "it came from several sources";
      onRejected(`piece ${piece.index} does not match its hash; ${blame}`);
    }
    if (guilty.length > 0) onGuilty(guilty);
    return !isWritten;
  }
}
