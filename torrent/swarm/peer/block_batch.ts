/**
 * Puts blocks into the batch that goes to the socket. Requests of 16 KiB, which all other clients
 * make, nearly always lie one behind the other: such a run is read from the disk by one call, since a
 * call for each costs as much as the copying. Pure but for the reading, which is handed in.
 */

import { BLOCK_HEADER_BYTES, type BlockRange, writeBlockHeader } from "../wire/messages.ts";

/** Whether the second block begins in the same piece where the first one ends. */
export function isNext(block: BlockRange, next: BlockRange): boolean {
  return next.index === block.index && next.begin === block.begin + block.sizeBytes;
}

/**
 * Writes a run of blocks, each the next of the one before (see {@link isNext}), with their headers
 * from `at` on; returns where they end. `read` is to fill what it is given with the run's bytes; what
 * it throws is passed on, and the batch from `at` on is then of no use.
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
  // So far back that the last block is in its place already, and each header before its block's bytes.
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
