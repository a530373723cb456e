/** How large the pieces of a release are. */

/** Four blocks: below it the messages about pieces outweigh what they are about. */
export const MIN_PIECE_LENGTH_BYTES = 64 * 1024;

/**
 * A piece in flight is held in memory twice for a moment (its blocks, and the whole to hash), and
 * several are in flight at once; 16 MiB keeps that well below 300 MB. 200 GiB make 12,800 of them.
 */
export const MAX_PIECE_LENGTH_BYTES = 16 * 1024 * 1024;

/**
 * Enough pieces that a swarm of many hosts can pass them on while it still fetches (time grows with
 * log2(hosts) / pieces), few enough that scanning them all stays cheap.
 */
const WANTED_PIECES = 1024;

/** The smallest power of two, within the two limits, that makes at most 1,024 pieces. */
export function choosePieceLength(sizeBytes: number): number {
  let pieceLength = MIN_PIECE_LENGTH_BYTES;
  while (pieceLength < MAX_PIECE_LENGTH_BYTES && sizeBytes / pieceLength > WANTED_PIECES) {
    pieceLength *= 2;
  }
  return pieceLength;
}
