/** Which blocks of a piece need not be asked for, and that the file survives nothing that it must not. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type ContentRange,
  PresentBlocks,
  presentBlocksPath,
} from "../../../../torrent/content/present_blocks.ts";
import { PieceSet } from "../../../../torrent/content/piece_set.ts";
import { pieceSizeBytes, type Release } from "../../../../torrent/release/release.ts";

const BLOCK = 16 * 1024;
const PIECE = 4 * BLOCK;

function release(sizeBytes: number, infoHash = "a".repeat(40)): Release {
  return {
    service: "web",
    version: "1",
    infoHash,
    sizeBytes,
    files: [],
    pieceLengthBytes: PIECE,
    pieceCount: Math.ceil(sizeBytes / PIECE),
    pieceHashes: new Uint8Array(),
    announce: [],
    metainfo: new Uint8Array(),
  };
}

Deno.test("PresentBlocks: whole blocks of pieces that are not whole, for any ranges", () => {
  const anyRanges = fc.tuple(
    fc.integer({ min: 1, max: 20 * BLOCK }),
    fc.uniqueArray(fc.nat(20 * BLOCK), { maxLength: 12 }),
  );
  fc.assert(
    fc.property(anyRanges, ([sizeBytes, borders]) => {
      const here = release(sizeBytes);
      const sorted = borders.filter((at) => at <= sizeBytes).sort((a, b) => a - b);
      const ranges: ContentRange[] = [];
      for (let at = 0; at + 1 < sorted.length; at += 2) {
        ranges.push({ startBytes: sorted[at]!, sizeBytes: sorted[at + 1]! - sorted[at]! });
      }
      const isThere = (start: number, end: number) =>
        ranges.some((one) => one.startBytes <= start && one.startBytes + one.sizeBytes >= end);
      const blocks = new PresentBlocks(here, ranges);
      for (let index = 0; index < here.pieceCount; index++) {
        const pieceBytes = pieceSizeBytes(here, index);
        const expected: number[] = [];
        for (let begin = 0; begin < pieceBytes; begin += BLOCK) {
          const start = index * PIECE + begin;
          const end = index * PIECE + Math.min(begin + BLOCK, pieceBytes);
          if (isThere(start, end)) expected.push(begin);
        }
        const found = blocks.runsOf(index).flatMap(({ begin, sizeBytes }) =>
          Array.from({ length: Math.ceil(sizeBytes / BLOCK) }, (_, at) => begin + at * BLOCK)
        );
        const isWhole = expected.length === Math.ceil(pieceBytes / BLOCK);
        assert.deepEqual(found, isWhole ? [] : expected, `piece ${index}`);
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("PresentBlocks: a piece that was wrong is asked for in full", () => {
  const blocks = new PresentBlocks(release(2 * PIECE), [{ startBytes: 0, sizeBytes: BLOCK }]);
  assert.deepEqual(blocks.runsOf(0), [{ begin: 0, sizeBytes: BLOCK }]);
  blocks.forget(0);
  assert.deepEqual(blocks.runsOf(0), []);
});

Deno.test("PresentBlocks: the file gives back what is not verified, for the same release only", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = presentBlocksPath(`${folder}/journal`);
    const here = release(10 * PIECE);
    const ranges = [
      { startBytes: BLOCK, sizeBytes: BLOCK },
      { startBytes: PIECE, sizeBytes: 2 * PIECE },
      { startBytes: 5 * PIECE, sizeBytes: PIECE + BLOCK },
    ];
    const verified = new PieceSet(10);
    for (const index of [1, 2, 5]) verified.add(index);
    new PresentBlocks(here, ranges).write(path, verified);
    const read = PresentBlocks.read(path, here);
    assert.deepEqual(read.runsOf(0), [{ begin: BLOCK, sizeBytes: BLOCK }]);
    assert.deepEqual(read.runsOf(6), [{ begin: 0, sizeBytes: BLOCK }]);
    assert.deepEqual(JSON.parse(await Deno.readTextFile(path)).ranges.length, 4);
    const others = [
      PresentBlocks.read(path, release(10 * PIECE, "b".repeat(40))),
      PresentBlocks.read(`${path}.missing`, here),
    ];
    for (
      const text of [
        "",
        "[]",
        JSON.stringify({
          format: "rollcall present blocks",
          infoHash: here.infoHash,
          ranges: [-1, 5],
        }),
        JSON.stringify({
          format: "rollcall present blocks",
          infoHash: here.infoHash,
          ranges: [BLOCK, BLOCK, 0, BLOCK],
        }),
        JSON.stringify({
          format: "rollcall present blocks",
          infoHash: here.infoHash,
          ranges: [0, 11 * PIECE],
        }),
      ]
    ) {
      await Deno.writeTextFile(path, text);
      others.push(PresentBlocks.read(path, here));
    }
    for (const other of others) {
      for (let index = 0; index < 10; index++) assert.deepEqual(other.runsOf(index), []);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
