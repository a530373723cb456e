/** Chooses how large the pieces of a release are. */

/** The smallest pieces: four blocks. With smaller ones the messages about pieces would cost more than the pieces. */
export const MIN_PIECE_LENGTH_BYTES = 64 * 1024;

/**
 * The largest pieces. A piece that arrives is in memory twice for a moment (its blocks, and all of it to be hashed), and
 * several arrive at once; with 16 MiB that stays well below 300 MB. 200 GiB are 12,800 such pieces.
 */
export const MAX_PIECE_LENGTH_BYTES = 16 * 1024 * 1024;

/**
 * The number of pieces that is aimed at: enough that the hosts of a large swarm can pass pieces on while they still fetch
 * (time grows with log2(hosts) / pieces), few enough that scanning all of them is cheap.
 */
const WANTED_PIECES = 1024;

/** The length of a release's pieces: the smallest power of two, within the limits, that makes at most 1,024 pieces. */
export function choosePieceLength(sizeBytes: number): number {
  let pieceLength = MIN_PIECE_LENGTH_BYTES;
  while (pieceLength < MAX_PIECE_LENGTH_BYTES && sizeBytes / pieceLength > WANTED_PIECES) {
    pieceLength *= 2;
  }
  return pieceLength;
}
