/** Pieces sorted by count, beside a naive model. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { RarityBuckets } from "../../../../../torrent/swarm/pieces/rarity_buckets.ts";

const PIECES = 60;

Deno.test("RarityBuckets: each piece is in the list of its count, and empty lists are skipped", () => {
  const step = fc.record({ piece: fc.nat(PIECES - 1), count: fc.nat(100) });
  fc.assert(fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
    const buckets = new RarityBuckets(PIECES);
    const counts = new Map<number, number>();
    for (const { piece, count } of steps) {
      const before = counts.get(piece);
      if (before === undefined) {
        buckets.add(piece, count);
        counts.set(piece, count);
      } else {
        buckets.remove(piece, before);
        counts.delete(piece);
      }
    }
    const sorted = [...new Set(counts.values())].toSorted((a, b) => a - b);
    const seen: number[] = [];
    for (let count = buckets.nextCount(0); count !== -1; count = buckets.nextCount(count + 1)) {
      seen.push(count);
      const pieces = Array.from(
        { length: buckets.lengthOf(count) },
        (_, place) => buckets.at(count, place),
      );
      const expected = [...counts].filter(([, of]) => of === count).map(([piece]) => piece);
      assert.deepEqual(pieces.toSorted((a, b) => a - b), expected.toSorted((a, b) => a - b));
    }
    assert.deepEqual(seen, sorted);
  }));
});

Deno.test("RarityBuckets: a count beyond those that there were holds nothing", () => {
  const buckets = new RarityBuckets(PIECES);
  buckets.add(3, 2);
  assert.equal(buckets.nextCount(3), -1);
  assert.equal(buckets.nextCount(64), -1);
  assert.equal(buckets.lengthOf(500), 0);
});
