/** What a peer has, and which of its pieces are deferred. */

import assert from "node:assert/strict";
import { PieceSet } from "../../../../../torrent/content/piece_set.ts";
import { PeerPieces } from "../../../../../torrent/swarm/peer/peer_pieces.ts";
import { PiecePicker } from "../../../../../torrent/swarm/pieces/piece_picker.ts";

Deno.test("PeerPieces: what a peer has just got can be asked for when it suggests it, or later", () => {
  const picker = new PiecePicker({ pieceCount: 10, random: () => 0, have: new PieceSet(10) });
  const pieces = new PeerPieces(10, picker);
  pieces.onPieces("none", 0);
  pieces.setDistance("site");
  const onHave = (index: number, nowMs = 0) => pieces.onHave(index, { isOurs: false, nowMs });
  onHave(1);
  assert.ok(pieces.has.has(1), "until it has said that it suggests, everything can be asked for");
  pieces.expectSuggestions();
  onHave(2);
  onHave(3);
  onHave(3);
  assert.deepEqual([...pieces.has], [1]);
  assert.ok(pieces.holds(2) && pieces.hasDeferred);
  pieces.offer(3);
  pieces.offer(9);
  assert.deepEqual([...pieces.has], [1, 3], "9 is one that it does not have");
  pieces.offerDue(1);
  assert.deepEqual([...pieces.has], [1, 3]);
  pieces.offerDue((pieces.nextDueInMs(0) ?? NaN) + 1);
  assert.deepEqual([...pieces.has], [1, 2, 3]);
  assert.ok(!pieces.hasDeferred);
  pieces.onHave(0, { isOurs: true, nowMs: 10 });
  assert.ok(pieces.has.has(0), "what we have ourselves is not waited for");
  onHave(4, 10);
  onHave(5, 10);
  assert.ok(pieces.offerOldest(), "whoever has nothing else to do takes one");
  assert.deepEqual([...pieces.has], [0, 1, 2, 3, 4]);
  pieces.leave();
});

Deno.test("PeerPieces: what a peer has just got is not rare any more, and leaves with the peer", () => {
  const picker = new PiecePicker({ pieceCount: 10, random: () => 0, have: new PieceSet(10) });
  const pieces = new PeerPieces(10, picker);
  pieces.onPieces("none", 0);
  pieces.expectSuggestions();
  pieces.setDistance("rack");
  const seed = new PieceSet(10);
  assert.ok(picker.take(1, seed, "rack"), "nobody has it");
  picker.putBack(1);
  pieces.onHave(1, { isOurs: false, nowMs: 0 });
  assert.ok(!picker.take(1, seed, "rack"), "a seed need not be asked for it");
  assert.ok(picker.take(1, pieces.has, "rack"), "the peer itself may rather be");
  picker.putBack(1);
  assert.equal(picker.pick(pieces.has, "rack"), undefined, "nor may the peer, yet");
  pieces.offer(1);
  assert.equal(picker.pick(pieces.has, "rack"), 1);
  picker.putBack(1);
  pieces.onHave(2, { isOurs: false, nowMs: 0 });
  pieces.leave();
  assert.ok(picker.take(1, seed, "rack") && picker.take(2, seed, "rack"));
});

Deno.test("PeerPieces: a peer that has got everything is known as a seed, whatever waits", () => {
  const picker = new PiecePicker({ pieceCount: 10, random: () => 0, have: new PieceSet(10) });
  const pieces = new PeerPieces(10, picker);
  pieces.onPieces("none", 0);
  pieces.expectSuggestions();
  for (let index = 0; index < 10; index++) pieces.onHave(index, { isOurs: false, nowMs: 0 });
  assert.ok(pieces.isSeed && !pieces.joinedAsSeed);
});

Deno.test("PeerPieces: when nothing is to be deferred any more, what was can be asked for at once", () => {
  const picker = new PiecePicker({ pieceCount: 10, random: () => 0, have: new PieceSet(10) });
  const pieces = new PeerPieces(10, picker);
  pieces.onPieces("none", 0);
  pieces.expectSuggestions();
  for (const index of [2, 3]) pieces.onHave(index, { isOurs: false, nowMs: 0 });
  assert.deepEqual([...pieces.has], []);
  pieces.stopDeferring();
  pieces.onHave(4, { isOurs: false, nowMs: 0 });
  assert.deepEqual([...pieces.has], [2, 3, 4]);
  assert.ok(!pieces.hasDeferred);
});
