/** Who is to blame for a piece that does not match its hash. */

import assert from "node:assert/strict";
import { PartialPiece } from "../../../../../torrent/swarm/pieces/partial_piece.ts";
import { SmartBan } from "../../../../../torrent/swarm/pieces/smart_ban.ts";

const BLOCK = 16 * 1024;

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
  const smartBan = new SmartBan<string>();
  assert.deepEqual(smartBan.onMismatch(received(1, [["mallory", 1], ["mallory", 2]])), ["mallory"]);
  assert.equal(smartBan.isSuspect(1), false);
});

Deno.test("SmartBan: of several senders the one whose block was wrong is found", () => {
  const smartBan = new SmartBan<string>();
  const first = received(1, [["alice", 1], ["mallory", 66], ["bob", 3]]);
  assert.deepEqual(smartBan.onMismatch(first), []);
  assert.ok(smartBan.isSuspect(1), "it is to be fetched from one alone");
  const right = received(1, [["carol", 1], ["carol", 2], ["carol", 3]]);
  assert.deepEqual(smartBan.onMatch(right), ["mallory"]);
  assert.equal(smartBan.isSuspect(1), false);
});

Deno.test("SmartBan: a liar that is asked alone for a suspect piece is found as well", () => {
  const smartBan = new SmartBan<string>();
  smartBan.onMismatch(received(1, [["alice", 1], ["mallory", 66]]));
  assert.deepEqual(smartBan.onMismatch(received(1, [["mallory", 5], ["mallory", 5]])), ["mallory"]);
});

Deno.test("SmartBan: what it remembers is bounded", () => {
  const smartBan = new SmartBan<string>();
  for (let index = 0; index < 200; index++) {
    smartBan.onMismatch(received(index, [["alice", 1], ["mallory", 66]]));
  }
  const suspects = Array.from({ length: 200 }, (_, index) => index).filter((index) =>
    smartBan.isSuspect(index)
  );
  assert.equal(suspects.length, 64);
  assert.ok(suspects.includes(199), "the newest are kept");
});
