/** Pieces in progress, the requests that are out for them, and who is to blame for a bad one. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { SmartBan } from "../../../../../torrent/swarm/pieces/smart_ban.ts";
import { OutstandingRequests } from "../../../../../torrent/swarm/pieces/outstanding_requests.ts";
import { PartialPiece, type Range } from "../../../../../torrent/swarm/pieces/partial_piece.ts";

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
        const out: Range[] = [];
        const coming: Range[] = [];
        const here = new Set<number>();
        const blocksOf = ({ begin, sizeBytes }: Range) =>
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

Deno.test("OutstandingRequests: answers in any order find their request, once", () => {
  const piece = new PartialPiece<string>(1, 3000 * BLOCK);
  const requests = new OutstandingRequests<string>();
  const begins: number[] = [];
  for (let block = 0; block < 2500; block++) {
    const begin = block * BLOCK;
    begins.push(begin);
    requests.add({ piece, begin, sizeBytes: BLOCK, sentTick: 0, released: false });
  }
  assert.equal(requests.sizeBytes, 2500 * BLOCK);
  assert.equal(requests.take(2, 0, BLOCK), undefined, "another piece");
  assert.equal(requests.take(1, 0, BLOCK + 1), undefined, "another size");
  // Mostly in order, now and then the other way round.
  for (let at = 0; at < begins.length; at += 10) {
    for (const begin of begins.slice(at, at + 10).reverse()) {
      assert.equal(requests.take(1, begin, BLOCK)?.begin, begin);
      assert.equal(requests.take(1, begin, BLOCK), undefined);
    }
  }
  assert.equal(requests.count, 0);
  assert.equal(requests.sizeBytes, 0);
});

function received(index: number, blocks: readonly (readonly [string, number])[]) {
  const piece = new PartialPiece<string>(index, blocks.length * BLOCK);
  const buffer = new Uint8Array(blocks.length * BLOCK);
  piece.buffer = buffer;
  for (const [block, [sender, byte]] of blocks.entries()) {
    const range = piece.takeFree(BLOCK);
    assert.ok(range !== undefined && piece.startReceiving(range));
    buffer.fill(byte, block * BLOCK, (block + 1) * BLOCK);
    piece.arrive(range, sender);
  }
  return piece;
}

Deno.test("SmartBan: the only sender of a bad piece is guilty at once", () => {
  const bad = new SmartBan<string>();
  assert.deepEqual(bad.onMismatch(received(1, [["mallory", 1], ["mallory", 2]])), ["mallory"]);
  assert.equal(bad.isSuspect(1), false);
});

Deno.test("SmartBan: of several senders the one whose block was wrong is found", () => {
  const bad = new SmartBan<string>();
  const first = received(1, [["alice", 1], ["mallory", 66], ["bob", 3]]);
  assert.deepEqual(bad.onMismatch(first), []);
  assert.ok(bad.isSuspect(1), "it is to be fetched from one alone");
  const right = received(1, [["carol", 1], ["carol", 2], ["carol", 3]]);
  assert.deepEqual(bad.onMatch(right), ["mallory"]);
  assert.equal(bad.isSuspect(1), false);
});

Deno.test("SmartBan: a liar that is asked alone for a suspect piece is found as well", () => {
  const bad = new SmartBan<string>();
  bad.onMismatch(received(1, [["alice", 1], ["mallory", 66]]));
  assert.deepEqual(bad.onMismatch(received(1, [["mallory", 5], ["mallory", 5]])), ["mallory"]);
});

Deno.test("SmartBan: what it remembers is bounded", () => {
  const bad = new SmartBan<string>();
  for (let index = 0; index < 200; index++) {
    bad.onMismatch(received(index, [["alice", 1], ["mallory", 66]]));
  }
  const suspects = Array.from({ length: 200 }, (_, index) => index).filter((index) =>
    bad.isSuspect(index)
  );
  assert.equal(suspects.length, 64);
  assert.ok(suspects.includes(199), "the newest are kept");
});
