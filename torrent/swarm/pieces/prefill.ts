/**
 * Fills a piece with those of its blocks that are on disk already (see `../../content/present_blocks.ts`), so that only
 * the others are requested. The piece's hash decides whether they were right; if not, no peer is to blame, and the
 * whole piece is fetched.
 */

import { TransferError } from "../../errors.ts";
import type { TransferFiles } from "../../content/transfer_files.ts";
import type { SmartBan } from "./smart_ban.ts";
import type { PartialPiece } from "./partial_piece.ts";

/** Called before any block of the piece is requested. `bufferOf` is called only if there is something to read. */
export function prefill<Sender>(
  piece: PartialPiece<Sender>,
  { files, bufferOf }: { files: TransferFiles; bufferOf: () => Uint8Array },
): void {
  const { present, release, store } = files;
  const runs = present?.runsOf(piece.index) ?? [];
  if (runs.length === 0) return;
  const buffer = bufferOf();
  const startBytes = piece.index * release.pieceLengthBytes;
  try {
    for (const run of runs) {
      store.read(startBytes + run.begin, buffer.subarray(run.begin, run.begin + run.sizeBytes));
      piece.prefill(run);
    }
  } catch (error) {
    // Blocks that cannot be read are fetched; if the disk is broken, writing the piece will tell.
    if (!(error instanceof TransferError)) throw error;
    present?.forget(piece.index);
    piece.reset();
  }
}

/**
 * The piece did not match its hash: who certainly sent wrong bytes. Nobody, if what was on disk may have been wrong.
 */
export function findGuilty<Sender>(
  piece: PartialPiece<Sender>,
  { files, smartBan }: { files: TransferFiles; smartBan: SmartBan<Sender> },
): Sender[] {
  if (!piece.isPrefilled) return smartBan.onMismatch(piece);
  files.present?.forget(piece.index);
  return [];
}
