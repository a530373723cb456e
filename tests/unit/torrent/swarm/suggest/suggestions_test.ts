/** What a peer has suggested to us: in order, bounded, and open until it is settled. */

import assert from "node:assert/strict";
import { ReceivedSuggestions } from "../../../../../torrent/swarm/suggest/suggestions.ts";

Deno.test("ReceivedSuggestions: taken in order, and bounded whatever a peer suggests", () => {
  const received = new ReceivedSuggestions();
  for (let piece = 0; piece < 1000; piece++) received.add(piece);
  const taken: number[] = [];
  for (let piece = received.take(); piece !== undefined; piece = received.take()) taken.push(piece);
  assert.ok(taken.length < 100);
  assert.deepEqual(
    taken,
    Array.from({ length: taken.length }, (_, at) => 1000 - taken.length + at),
  );
});

Deno.test("ReceivedSuggestions: each is waited for until it is settled, once, and no more than are kept", () => {
  const received = new ReceivedSuggestions();
  received.add(7);
  received.add(7);
  received.take();
  assert.equal(received.settle(8), false);
  assert.equal(received.settle(7), true, "taking it is not yet asking for it");
  assert.equal(received.settle(7), false);
  for (let piece = 0; piece < 1000; piece++) received.add(piece);
  const settled = Array.from({ length: 1000 }, (_, piece) => received.settle(piece));
  assert.ok(settled[999] && !settled[0] && settled.filter(Boolean).length < 100);
});
