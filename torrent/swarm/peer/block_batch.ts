/**
 * Puts blocks into the batch that goes to the socket. Requests of 16 KiB, which all other clients make, nearly always
 * follow each other in the piece: such a run is read from the disk by one call, since one call per block would cost as
 * much as the copying. Pure except for the reading, which is handed in.
 */

import { BLOCK_HEADER_BYTES, type BlockRange, writeBlockHeader } from "../wire/messages.ts";

/** Whether the second block begins where the first one ends, in the same piece. */
export function isNext(block: BlockRange, next: BlockRange): boolean {
  return next.index === block.index && next.begin === block.begin + block.sizeBytes;
}

/**
 * Writes a run of blocks, each the next of the one before (see {@link isNext}), with their headers to the batch from
 * `at` on; returns where they end. `read` has to fill its argument with the run's bytes; if it throws, so does this,
 * and the batch from `at` on must not be sent.
 */
export function writeBlocks(
  batch: Uint8Array,
  options: {
    readonly at: number;
    readonly run: readonly BlockRange[];
    readonly read: (into: Uint8Array) => void;
  },
): number {
  const { run, read } = options;
  let { at } = options;
  const sizeBytes = run.reduce((sum, block) => sum + block.sizeBytes, 0);
  // The bytes are read to where the last block belongs; then each block is moved forward to leave room for the headers.
  let from = at + run.length * BLOCK_HEADER_BYTES;
  read(batch.subarray(from, from + sizeBytes));
  for (const block of run) {
    writeBlockHeader(batch, at, block);
    at += BLOCK_HEADER_BYTES;
    if (from !== at) batch.copyWithin(at, from, from + block.sizeBytes);
    at += block.sizeBytes;
    from += block.sizeBytes;
  }
  return at;
}
