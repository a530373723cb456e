/** Which pieces a seed suggests to whom. */

import fc from "fast-check";
import assert from "node:assert/strict";
import { PieceSet } from "../../../../../torrent/content/piece_set.ts";
import { Suggestions } from "../../../../../torrent/swarm/suggest/suggestions.ts";
import { SuperSeeding } from "../../../../../torrent/swarm/suggest/super_seeding.ts";

Deno.test("SuperSeeding: each piece is suggested to one peer, and none that a peer has", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 200 }),
    fc.integer({ min: 1, max: 5 }),
    fc.float({ min: 0, max: Math.fround(0.99), noNaN: true }),
    fc.array(fc.nat(200), { maxLength: 50 }),
    (pieceCount, peerCount, chance, held) => {
      const has = new PieceSet(pieceCount);
      for (const piece of held) if (piece < pieceCount) has.add(piece);
      const superSeeding = new SuperSeeding({
        pieceCount,
        random: () => chance,
        peers: () => [{ has }],
      });
      const suggested: number[] = [];
      const peers = Array.from({ length: peerCount }, () => {
        const open: number[] = [];
        const suggest = (piece: number) => {
          open.push(piece);
          suggested.push(piece);
        };
        const next = () => superSeeding.next({ isChoked: false });
        return { open, suggestions: new Suggestions({ next, pieceBytes: 64 * 1024, suggest }) };
      });
      for (const { suggestions } of peers) suggestions.fill();
      for (let turn = 0; turn < pieceCount * peerCount; turn++) {
        const peer = peers[turn % peerCount]!;
        const piece = peer.open.shift();
        if (piece !== undefined) peer.suggestions.onTaken(piece);
        assert.ok(peer.open.length <= 16, "nobody is suggested more than it asks for");
      }
      assert.equal(superSeeding.next({ isChoked: true }), undefined);
      const expected = Array.from({ length: pieceCount }, (_, piece) => piece)
        .filter((piece) => !has.has(piece));
      assert.deepEqual(suggested.toSorted((a, b) => a - b), expected);
    },
  ));
});

Deno.test("SuperSeeding: while the import is striped, nothing is suggested, and nothing is lost by it", () => {
  let isStriped = true;
  const superSeeding = new SuperSeeding({
    pieceCount: 3,
    random: () => 0,
    peers: () => [],
    isStriped: () => isStriped,
  });
  assert.equal(superSeeding.next({ isChoked: false }), undefined);
  isStriped = false;
  const suggested = [1, 2, 3, 4].map(() => superSeeding.next({ isChoked: false }));
  assert.deepEqual(suggested, [0, 1, 2, undefined]);
});
