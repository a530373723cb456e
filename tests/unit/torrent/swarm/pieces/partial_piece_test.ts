/** The blocks of a piece in progress. */

import fc from "fast-check";
import assert from "node:assert/strict";
import {
  PartialPiece,
  type PieceRange,
} from "../../../../../torrent/swarm/pieces/partial_piece.ts";

const BLOCK = 16 * 1024;

Deno.test("PartialPiece: takes every block once, in runs of the size that is asked for", () => {
  const piece = new PartialPiece<string>(3, 5 * BLOCK + 100);
  assert.deepEqual(piece.takeFree(2 * BLOCK), { begin: 0, sizeBytes: 2 * BLOCK });
  assert.deepEqual(piece.takeFree(1), { begin: 2 * BLOCK, sizeBytes: BLOCK });
  assert.deepEqual(piece.takeFree(8 * BLOCK), { begin: 3 * BLOCK, sizeBytes: 2 * BLOCK + 100 });
  assert.equal(piece.takeFree(BLOCK), undefined);
  assert.equal(piece.hasFree, false);
});

Deno.test("PartialPiece: whatever peers do, every block can be had and none is had twice", () => {
  type Step = readonly ["take" | "again" | "release" | "start" | "abandon" | "finish", number];
  const step = fc.tuple(
    fc.constantFrom("take", "again", "release", "start", "abandon", "finish"),
    fc.nat(30),
  ) as fc.Arbitrary<Step>;
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.array(step, { maxLength: 200 }),
      (blocks, steps) => {
        const piece = new PartialPiece<number>(0, blocks * BLOCK - 5);
        const out: PieceRange[] = [];
        const coming: PieceRange[] = [];
        const here = new Set<number>();
        const blocksOf = ({ begin, sizeBytes }: PieceRange) =>
          Array.from({ length: Math.ceil(sizeBytes / BLOCK) }, (_, at) => begin / BLOCK + at);
        for (const [what, number] of steps) {
          const at = number % Math.max(1, out.length);
          const chosen = out[at];
          switch (what) {
            case "take": {
              const range = piece.takeFree((1 + number % 3) * BLOCK);
              if (range !== undefined) {
                for (const block of blocksOf(range)) assert.ok(!here.has(block));
                out.push(range);
              }
              break;
            }
            case "again":
              if (chosen !== undefined && piece.askAgain(chosen)) out.push({ ...chosen });
              break;
            case "release":
              if (chosen === undefined) break;
              out.splice(at, 1);
              piece.release(chosen);
              break;
            case "start":
              if (chosen === undefined) break;
              out.splice(at, 1);
              if (piece.startReceiving(chosen)) coming.push(chosen);
              else piece.release(chosen);
              break;
            case "abandon": {
              const range = coming.pop();
              if (range !== undefined) piece.abandonReceiving(range);
              break;
            }
            case "finish": {
              const range = coming.pop();
              if (range === undefined) break;
              for (const block of blocksOf(range)) {
                assert.ok(!here.has(block), `block ${block} arrived twice`);
                here.add(block);
              }
              piece.arrive(range, number);
              break;
            }
          }
          assert.equal(piece.isComplete, here.size === blocks);
        }
        // Everything that is out fails, and the rest can still be had.
        for (const range of out) piece.release(range);
        for (const range of coming) piece.abandonReceiving(range);
        for (let range = piece.takeFree(BLOCK); range; range = piece.takeFree(BLOCK)) {
          assert.ok(piece.startReceiving(range));
          piece.arrive(range, 1);
          for (const block of blocksOf(range)) here.add(block);
        }
        assert.equal(here.size, blocks);
        assert.ok(piece.isComplete);
      },
    ),
    { numRuns: 300 },
  );
});
