/** What a host of another rack has just got: dealt to one, left to wait by the others, and never for ever. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Distance } from "../../../../torrent/locality.ts";
import { PieceSet } from "../../../../torrent/piece_set.ts";
import { FreshPieces } from "../../../../torrent/swarm/fresh_pieces.ts";
import { askOthers } from "../../../../torrent/swarm/idle_peers.ts";
import { PeerPieces } from "../../../../torrent/swarm/peer_pieces.ts";
import { Picker } from "../../../../torrent/swarm/picker.ts";
import { dealAcross } from "../../../../torrent/swarm/suggestions.ts";

/** Pieces from `from` on, one each `everyMs`; returns the time at the end. */
function get(fresh: FreshPieces, { from, count, everyMs, nowMs }: {
  readonly from: number;
  readonly count: number;
  readonly everyMs: number;
  readonly nowMs: number;
}): number {
  for (let piece = from; piece < from + count; piece++) fresh.add(piece, nowMs += everyMs);
  return nowMs;
}

Deno.test("FreshPieces: a piece waits for as long as a hundred more take to come, however fast that is", () => {
  for (const everyMs of [0.1, 1, 20, 30, 5_000]) {
    const fresh = new FreshPieces();
    let nowMs = 1_000;
    // It has to learn how fast they come.
    for (let piece = 0; piece < 500; piece++) {
      nowMs = get(fresh, { from: piece, count: 1, everyMs, nowMs });
      for (const _ of fresh.due(nowMs));
    }
    for (const _ of fresh.due(nowMs + 10_000));
    fresh.add(1_000, nowMs);
    const dueMs = fresh.dueInMs(nowMs) ?? NaN;
    const expectedMs = Math.min(Math.max(96 * everyMs, 50), 3_000);
    assert.ok(Math.abs(dueMs - expectedMs) <= 0.2 * expectedMs, `${everyMs}: ${dueMs}`);
    assert.deepEqual([...fresh.due(nowMs + dueMs - 1)], []);
    assert.deepEqual([...fresh.due(nowMs + dueMs + 1)], [1_000]);
    assert.equal(fresh.dueInMs(nowMs), undefined);
  }
});

Deno.test("FreshPieces: what comes in a rush is bounded, and the oldest is due first", () => {
  const fresh = new FreshPieces();
  const nowMs = get(fresh, { from: 0, count: 1_000, everyMs: 0, nowMs: 0 });
  const due = [...fresh.due(nowMs)];
  assert.deepEqual(due, Array.from({ length: due.length }, (_, piece) => piece));
  assert.ok(due.length > 800, `${1_000 - due.length} wait`);
});

Deno.test("FreshPieces: a piece that is suggested waits no longer, and is due no more", () => {
  const fresh = new FreshPieces();
  fresh.add(7, 0);
  assert.ok(fresh.has(7));
  assert.ok(fresh.take(7));
  assert.ok(!fresh.has(7));
  assert.ok(!fresh.take(7));
  assert.deepEqual([...fresh.due(1e6)], []);
});

Deno.test("PeerPieces: what a peer has just got can be asked for when it suggests it, or later", () => {
  const picker = new Picker({ pieceCount: 10, random: () => 0, have: new PieceSet(10) });
  const pieces = new PeerPieces(10, picker);
  pieces.onPieces("none", 0);
  pieces.move("site");
  assert.ok(pieces.onHave(1, 0), "until it has said that it suggests, everything can be asked for");
  pieces.expectSuggestions();
  assert.ok(!pieces.onHave(2, 0));
  assert.ok(!pieces.onHave(3, 0));
  assert.ok(!pieces.onHave(3, 0), "twice is once");
  assert.ok(pieces.holds(2) && !pieces.has.has(2));
  assert.ok(pieces.onSuggest(3));
  assert.ok(!pieces.onSuggest(3));
  assert.ok(!pieces.onSuggest(9), "one that it does not have");
  assert.deepEqual([...pieces.has], [1, 3]);
  assert.ok(!pieces.onTime(1));
  assert.ok(pieces.onTime((pieces.dueInMs(0) ?? NaN) + 1));
  assert.deepEqual([...pieces.has], [1, 2, 3]);
  pieces.onHave(4, 10);
  pieces.onHave(5, 10);
  assert.ok(pieces.hurry(), "whoever has nothing else to do takes one");
  assert.deepEqual([...pieces.has], [1, 2, 3, 4]);
  pieces.leave();
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

interface Told {
  readonly distance: Distance;
  readonly isOurs: boolean;
  readonly isInterested: boolean;
  readonly isChoked: boolean;
  readonly holds: boolean;
}

function neighbour(of: Told) {
  const pieces: number[] = [];
  return {
    pieces,
    suggestions: {
      get dealt() {
        return pieces.length;
      },
      add: (piece: number) => pieces.push(piece),
    },
    distance: of.distance,
    locality: of.isOurs ? { host: "web", site: "north", rack: "a" } : undefined,
    isInterested: of.isInterested,
    upload: { isChoked: of.isChoked },
    download: { pieces: { holds: () => of.holds } },
    canTake: of.isOurs && of.distance !== "rack" && !of.holds && !(of.isInterested && of.isChoked),
  };
}

Deno.test("dealAcross: each piece goes to one host of another rack that can take it, evenly", () => {
  const anyTold = fc.record({
    distance: fc.constantFrom<Distance>("rack", "site", "remote"),
    isOurs: fc.boolean(),
    isInterested: fc.boolean(),
    isChoked: fc.boolean(),
    holds: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(anyTold, { maxLength: 8 }), (told) => {
    const neighbours = told.map(neighbour);
    for (let piece = 0; piece < 40; piece++) dealAcross(piece, neighbours);
    const takers = neighbours.filter(({ canTake }) => canTake);
    const dealt = neighbours.flatMap(({ pieces }) => pieces).toSorted((a, b) => a - b);
    const all = Array.from({ length: 40 }, (_, piece) => piece);
    assert.deepEqual(dealt, takers.length === 0 ? [] : all);
    for (const { canTake, pieces } of neighbours) {
      const share = canTake ? 40 / takers.length : 0;
      assert.ok(Math.abs(pieces.length - share) < 1);
    }
  }));
});
