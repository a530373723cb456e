/**
 * Puts into a piece what is on disk of it already (see `../../content/present_blocks.ts`), so that only the rest is asked for.
 * The piece's hash decides whether it was right; if not, nobody is to blame, and all of it is asked for.
 */

import { TransferError } from "../../errors.ts";
import type { TransferFiles } from "../../content/transfer_files.ts";
import type { SmartBan } from "./smart_ban.ts";
import type { PartialPiece } from "./partial_piece.ts";

/** Before anybody is asked for the piece. `bufferOf` is only called when there is something to read. */
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
    // What cannot be read is asked for; should it be the disk, writing the piece will tell.
    if (!(error instanceof TransferError)) throw error;
    present?.forget(piece.index);
    piece.reset();
  }
}

/** The piece did not match: who certainly sent wrong bytes. Nobody, where what was on disk may have been wrong. */
export function findGuilty<Sender>(
  piece: PartialPiece<Sender>,
  { files, bad }: { files: TransferFiles; bad: SmartBan<Sender> },
): Sender[] {
  if (!piece.isPrefilled) return bad.onMismatch(piece);
  files.present?.forget(piece.index);
  return [];
}
