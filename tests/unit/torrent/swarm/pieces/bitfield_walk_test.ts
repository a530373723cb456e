/** Walks over a peer's bitfield: every candidate is found, and no byte is read twice without a reason. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { PieceSet } from "../../../../../torrent/content/piece_set.ts";
import {
  BitfieldWalk,
  ChangeLog,
  isFull,
  rarestOf,
  sampleRarest,
} from "../../../../../torrent/swarm/pieces/bitfield_walk.ts";

const PIECES = 400;
const BYTES = PIECES / 8;

function setOf(...pieces: readonly number[]): PieceSet {
  const set = new PieceSet(PIECES);
  for (const piece of pieces) set.add(piece);
  return set;
}

Deno.test("BitfieldWalk: finds every candidate once around, and reads each byte once", () => {
  fc.assert(fc.property(
    fc.array(fc.nat(PIECES - 1), { maxLength: 20 }),
    fc.nat(BYTES - 1),
    (pieces, start) => {
      const has = setOf(...pieces);
      const open = setOf(...pieces);
      const log = new ChangeLog();
      const walk = new BitfieldWalk(log, start);
      let steps = 0;
      const find = () =>
        walk.find(has, log, (byte) => open.bytes[byte]!, () => {
          steps++;
        });
      const found = new Set<number>();
      for (let byte = find(); byte !== -1; byte = find()) {
        for (let bit = 0; bit < 8; bit++) {
          if (open.has(byte * 8 + bit)) found.add(byte * 8 + bit);
          open.delete(byte * 8 + bit);
        }
      }
      assert.deepEqual(found, new Set(pieces));
      assert.ok(steps <= BYTES + new Set(pieces).size, `${steps} steps`);
      const before = steps;
      assert.equal(find(), -1);
      assert.equal(steps, before, "nothing has changed, so nothing is read");
    },
  ));
});

Deno.test("BitfieldWalk: a piece that becomes a candidate in a part that was passed is found by the log", () => {
  const log = new ChangeLog();
  const has = setOf();
  const walk = new BitfieldWalk(log, 0);
  const find = () => walk.find(has, log, () => 0xff, () => {});
  assert.equal(find(), -1);
  has.add(13);
  assert.equal(find(), -1, "nobody has said so");
  log.add(13);
  assert.equal(find(), 1);
  assert.equal(find(), 1, "as long as it is a candidate");
});

Deno.test("BitfieldWalk: starts again when the log has forgotten too much, or is told to", () => {
  for (const disturb of ["many", "all"] as const) {
    const log = new ChangeLog();
    const has = setOf();
    const walk = new BitfieldWalk(log, 7);
    const find = () => walk.find(has, log, () => 0xff, () => {});
    assert.equal(find(), -1);
    has.add(80);
    if (disturb === "all") log.forgetAll();
    else for (let change = 0; change < 5000; change++) log.add(399);
    assert.equal(find(), 10, disturb);
  }
});

Deno.test("ChangeLog: remembers the latest changes", () => {
  const log = new ChangeLog();
  for (let piece = 0; piece < 5000; piece++) log.add(piece);
  assert.equal(log.count, 5000);
  assert.equal(log.at(4999), 4999);
  assert.equal(log.at(5000 - 4096), 5000 - 4096);
  assert.equal(log.at(5000 - 4097), undefined);
});

Deno.test("rarestOf, sampleRarest: the piece with the smallest count among the bits that are set", () => {
  const counts = new Uint32Array(PIECES).fill(9);
  counts[17] = 2;
  counts[19] = 5;
  for (const chance of [0, 0.3, 0.99]) {
    const rarity = { counts, random: () => chance };
    assert.equal(rarestOf(2, 0b0101_0000, rarity), 17);
    assert.equal(rarestOf(2, 0, rarity), -1);
  }
  let looks = 0;
  const countStep = () => void looks++;
  const of17 = { counts, random: () => 2 / BYTES, countStep };
  assert.equal(sampleRarest(setOf(17, 19), () => 0xff, of17), 17);
  assert.equal(sampleRarest(setOf(17, 19), () => 0, of17), -1);
  assert.equal(looks, 32);
});

Deno.test("isFull: every piece, and no sooner", () => {
  for (const pieceCount of [1, 7, 8, 9, 31, 32, 33, 64, 100]) {
    const set = PieceSet.full(pieceCount);
    assert.ok(isFull(set, pieceCount));
    for (let piece = 0; piece < pieceCount; piece++) {
      set.delete(piece);
      assert.equal(isFull(set, pieceCount), false, `${piece} of ${pieceCount}`);
      set.add(piece);
    }
  }
});
