/** To whom what has just come is suggested. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Distance } from "../../../../../base/locality.ts";
import {
  type Assignee,
  NewPieceAssigner,
} from "../../../../../torrent/swarm/suggest/new_piece_assigner.ts";
import { Suggestions } from "../../../../../torrent/swarm/suggest/suggestions.ts";

const PIECE_BYTES = 64 * 1024;
/** What one peer may be ahead with pieces of that size. */
const AHEAD = 16;
const PIECES = 40;

interface Told {
  readonly distance: Distance;
  readonly isOurs: boolean;
  readonly isInterested: boolean;
  readonly isChoked: boolean;
  readonly holds: boolean;
}

/** A peer that asks for what it is suggested at once, unless it is told not to. */
function makePeer(assigner: () => NewPieceAssigner, told: Told) {
  const pieces: number[] = [];
  const peer = {
    isLazy: false,
    pieces,
    distance: told.distance,
    locality: told.isOurs ? { host: "web", site: "north", rack: "a" } : undefined,
    isInterested: told.isInterested,
    isChoked: told.isChoked,
    holds: () => told.holds,
  };
  const suggestions: Suggestions = new Suggestions({
    pieceBytes: PIECE_BYTES,
    next: () => assigner().next(result),
    suggest: (piece) => pieces.push(piece),
  });
  const result: Assignee & typeof peer & { suggestions: Suggestions } = { ...peer, suggestions };
  return result;
}

function setUp(told: readonly Told[]) {
  const peers: ReturnType<typeof makePeer>[] = [];
  const assigner = new NewPieceAssigner(() => peers);
  peers.push(...told.map((one) => makePeer(() => assigner, one)));
  return { assigner, peers };
}

const READY = { isOurs: true, isInterested: true, isChoked: false, holds: false } as const;

Deno.test("NewPieceAssigner: at each distance a piece goes to one host that can take it, evenly", () => {
  const anyTold = fc.record({
    distance: fc.constantFrom<Distance>("rack", "site", "remote"),
    isOurs: fc.boolean(),
    isInterested: fc.boolean(),
    isChoked: fc.boolean(),
    holds: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(anyTold, { maxLength: 8 }), (told) => {
    const { assigner, peers } = setUp(told);
    for (let piece = 0; piece < PIECES; piece++) {
      assigner.add(piece);
      for (const { suggestions } of peers) suggestions.onTaken(piece);
    }
    const isAble = ({ isOurs, isInterested, isChoked, holds }: Told) =>
      isOurs && isInterested && !isChoked && !holds;
    for (const distance of ["rack", "site", "remote"]) {
      const able = peers.filter((_, at) => told[at]?.distance === distance && isAble(told[at]!));
      const suggested = able.flatMap(({ pieces }) => pieces).toSorted((a, b) => a - b);
      const all = Array.from({ length: PIECES }, (_, piece) => piece);
      assert.deepEqual(suggested, able.length === 0 ? [] : all);
      for (const { pieces } of able) assert.ok(Math.abs(pieces.length - PIECES / able.length) < 1);
    }
    for (const [at, { pieces }] of peers.entries()) {
      if (!isAble(told[at]!)) assert.deepEqual(pieces, []);
    }
  }));
});

Deno.test("NewPieceAssigner: who does not ask for what it was suggested gets no more, and the others get it", () => {
  const { assigner, peers: [lazy, eager] } = setUp([
    { ...READY, distance: "rack" },
    { ...READY, distance: "rack" },
  ]);
  assert.ok(lazy !== undefined && eager !== undefined);
  for (let piece = 0; piece < 4 * AHEAD; piece++) {
    assigner.add(piece);
    if (eager.pieces.includes(piece)) eager.suggestions.onTaken(piece);
  }
  assert.equal(lazy.pieces.length, AHEAD);
  assert.equal(eager.pieces.length, 3 * AHEAD);
});

Deno.test("NewPieceAssigner: what nobody could take goes to the first that can, as much as may be ahead", () => {
  const told = { ...READY, distance: "site" } as const;
  const { assigner, peers } = setUp([{ ...told, isChoked: true }]);
  for (let piece = 0; piece < 1000; piece++) assigner.add(piece);
  const [choked] = peers;
  assert.deepEqual(choked?.pieces, []);
  const late = makePeer(() => assigner, told);
  peers.push(late);
  late.suggestions.fill();
  assert.equal(late.pieces.length, AHEAD);
  assert.ok(late.pieces.every((piece) => piece > 800), "older ones wait for nobody any more");
  const next = late.pieces.at(-1)! + 1;
  late.suggestions.onTaken(late.pieces[0]!);
  assert.equal(late.pieces.at(-1), next);
});

Deno.test("NewPieceAssigner: while the import is striped, pieces are suggested within the rack alone", () => {
  const peers: ReturnType<typeof makePeer>[] = [];
  const assigner = new NewPieceAssigner(() => peers, () => true);
  for (const distance of ["rack", "site", "remote"] as const) {
    peers.push(makePeer(() => assigner, { ...READY, distance }));
  }
  assigner.add(1);
  assert.deepEqual(peers.map(({ pieces }) => pieces), [[1], [], []]);
});
