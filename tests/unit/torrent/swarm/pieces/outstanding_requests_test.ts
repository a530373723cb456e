/** Answers find their requests. */

import assert from "node:assert/strict";
import { OutstandingRequests } from "../../../../../torrent/swarm/pieces/outstanding_requests.ts";
import { PartialPiece } from "../../../../../torrent/swarm/pieces/partial_piece.ts";

const BLOCK = 16 * 1024;

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
