/** What a host of another rack has just got: dealt to one, left to wait by the others, and never for ever. */

import assert from "node:assert/strict";
import { PieceSet } from "../../../../../torrent/content/piece_set.ts";
import { DeferredPieces } from "../../../../../torrent/swarm/suggest/deferred_pieces.ts";
import { askOthers } from "../../../../../torrent/swarm/pieces/idle_requests.ts";
import { PeerPieces } from "../../../../../torrent/swarm/peer/peer_pieces.ts";
import { PiecePicker } from "../../../../../torrent/swarm/pieces/piece_picker.ts";

/** Pieces from `from` on, one each `everyMs`; returns the time at the end. */
function get(fresh: DeferredPieces, { from, count, everyMs, nowMs }: {
  readonly from: number;
  readonly count: number;
  readonly everyMs: number;
  readonly nowMs: number;
}): number {
  for (let piece = from; piece < from + count; piece++) fresh.add(piece, nowMs += everyMs);
  return nowMs;
}

Deno.test("DeferredPieces: a piece waits for as long as a hundred more take to come, however fast that is", () => {
  for (const everyMs of [0.1, 1, 20, 90, 5_000]) {
    const fresh = new DeferredPieces();
    let nowMs = 1_000;
    // It has to learn how fast they come.
    for (let piece = 0; piece < 500; piece++) {
      nowMs = get(fresh, { from: piece, count: 1, everyMs, nowMs });
      for (const _ of fresh.due(nowMs));
    }
    for (const _ of fresh.due(nowMs + 20_000));
    fresh.add(1_000, nowMs);
    const dueMs = fresh.dueInMs(nowMs) ?? NaN;
    const expectedMs = Math.min(Math.max(96 * everyMs, 50), 10_000);
    assert.ok(Math.abs(dueMs - expectedMs) <= 0.2 * expectedMs, `${everyMs}: ${dueMs}`);
    assert.deepEqual([...fresh.due(nowMs + dueMs - 1)], []);
    assert.deepEqual([...fresh.due(nowMs + dueMs + 1)], [1_000]);
    assert.equal(fresh.dueInMs(nowMs), undefined);
  }
});

Deno.test("DeferredPieces: what comes in a rush is bounded, and the oldest is due first", () => {
  const fresh = new DeferredPieces();
  const nowMs = get(fresh, { from: 0, count: 1_000, everyMs: 0, nowMs: 0 });
  const due = [...fresh.due(nowMs)];
  assert.deepEqual(due, Array.from({ length: due.length }, (_, piece) => piece));
  assert.ok(due.length > 800, `${1_000 - due.length} wait`);
});

Deno.test("DeferredPieces: a piece that is suggested waits no longer, and is due no more", () => {
  const fresh = new DeferredPieces();
  fresh.add(7, 0);
  assert.ok(fresh.has(7));
  assert.ok(fresh.take(7));
  assert.ok(!fresh.has(7));
  assert.ok(!fresh.take(7));
  assert.deepEqual([...fresh.due(1e6)], []);
});

Deno.test("PeerPieces: what a peer has just got can be asked for when it suggests it, or later", () => {
  const picker = new PiecePicker({ pieceCount: 10, random: () => 0, have: new PieceSet(10) });
  const pieces = new PeerPieces(10, picker);
  pieces.onPieces("none", 0);
  pieces.move("site");
  const onHave = (index: number, nowMs = 0) => pieces.onHave(index, { isOurs: false, nowMs });
  onHave(1);
  assert.ok(pieces.has.has(1), "until it has said that it suggests, everything can be asked for");
  pieces.expectSuggestions();
  onHave(2);
  onHave(3);
  onHave(3);
  assert.deepEqual([...pieces.has], [1]);
  assert.ok(pieces.holds(2) && pieces.isAnyWaiting);
  pieces.stopWaiting(3);
  pieces.stopWaiting(9);
  assert.deepEqual([...pieces.has], [1, 3], "9 is one that it does not have");
  pieces.onTime(1);
  assert.deepEqual([...pieces.has], [1, 3]);
  pieces.onTime((pieces.dueInMs(0) ?? NaN) + 1);
  assert.deepEqual([...pieces.has], [1, 2, 3]);
  assert.ok(!pieces.isAnyWaiting);
  pieces.onHave(0, { isOurs: true, nowMs: 10 });
  assert.ok(pieces.has.has(0), "what we have ourselves is not waited for");
  onHave(4, 10);
  onHave(5, 10);
  assert.ok(pieces.hurry(), "whoever has nothing else to do takes one");
  assert.deepEqual([...pieces.has], [0, 1, 2, 3, 4]);
  pieces.leave();
});

Deno.test("PeerPieces: what a peer has just got is not rare any more, and leaves with the peer", () => {
  const picker = new PiecePicker({ pieceCount: 10, random: () => 0, have: new PieceSet(10) });
  const pieces = new PeerPieces(10, picker);
  pieces.onPieces("none", 0);
  pieces.expectSuggestions();
  pieces.move("rack");
  const origin = new PieceSet(10);
  assert.ok(picker.take(1, origin, "rack"), "nobody has it");
  picker.putBack(1);
  pieces.onHave(1, { isOurs: false, nowMs: 0 });
  assert.ok(!picker.take(1, origin, "rack"), "an origin need not be asked for it");
  assert.ok(picker.take(1, pieces.has, "rack"), "the peer itself may rather be");
  picker.putBack(1);
  assert.equal(picker.pick(pieces.has, "rack"), undefined, "nor may the peer, yet");
  pieces.stopWaiting(1);
  assert.equal(picker.pick(pieces.has, "rack"), 1);
  picker.putBack(1);
  pieces.onHave(2, { isOurs: false, nowMs: 0 });
  pieces.leave();
  assert.ok(picker.take(1, origin, "rack") && picker.take(2, origin, "rack"));
});

Deno.test("PeerPieces: a peer that has got everything is known as a seed, whatever waits", () => {
  const picker = new PiecePicker({ pieceCount: 10, random: () => 0, have: new PieceSet(10) });
  const pieces = new PeerPieces(10, picker);
  pieces.onPieces("none", 0);
  pieces.expectSuggestions();
  for (let index = 0; index < 10; index++) pieces.onHave(index, { isOurs: false, nowMs: 0 });
  assert.ok(pieces.isSeed && !pieces.joinedFull);
});

Deno.test("askOthers: a spared origin is asked again, and the waiting pieces only where nobody is asked for anything", () => {
  const asked: string[] = [];
  const peer = (name: string, { count = 0, isOrigin = false, isWaiting = false } = {}) => ({
    download: { isOrigin, outstanding: { count }, hurry: () => isWaiting },
    pump: () => void asked.push(name),
  });
  const idle = peer("idle");
  const others = [
    peer("origin", { isOrigin: true }),
    peer("busy origin", { isOrigin: true, count: 1 }),
    peer("waiting", { isWaiting: true }),
  ];
  askOthers(idle.download, [idle, ...others]);
  assert.deepEqual(asked.splice(0), ["origin"]);
  askOthers(idle.download, [
    idle,
    ...others.filter(({ download }) => download.outstanding.count === 0),
  ]);
  assert.deepEqual(asked.splice(0), ["origin", "waiting"]);
  askOthers({ isOrigin: true }, [
    peer("origin", { isOrigin: true }),
    peer("waiting", { isWaiting: true }),
  ]);
  assert.deepEqual(
    asked,
    ["waiting"],
    "an origin that has nothing to do is not asked for that reason",
  );
});
