/** Pieces that a peer has only just got: deferred, and never for ever. */

import assert from "node:assert/strict";
import { DeferredPieces } from "../../../../../torrent/swarm/suggest/deferred_pieces.ts";

/** Pieces from `from` on, one each `everyMs`; returns the time at the end. */
function get(deferred: DeferredPieces, { from, count, everyMs, nowMs }: {
  readonly from: number;
  readonly count: number;
  readonly everyMs: number;
  readonly nowMs: number;
}): number {
  for (let piece = from; piece < from + count; piece++) deferred.add(piece, nowMs += everyMs);
  return nowMs;
}

Deno.test("DeferredPieces: a piece waits for as long as a hundred more take to come, however fast that is", () => {
  for (const everyMs of [0.1, 1, 20, 90, 5_000]) {
    const deferred = new DeferredPieces();
    let nowMs = 1_000;
    // It has to learn how fast they come.
    for (let piece = 0; piece < 500; piece++) {
      nowMs = get(deferred, { from: piece, count: 1, everyMs, nowMs });
      for (const _ of deferred.due(nowMs));
    }
    for (const _ of deferred.due(nowMs + 20_000));
    deferred.add(1_000, nowMs);
    const dueMs = deferred.dueInMs(nowMs) ?? NaN;
    const expectedMs = Math.min(Math.max(96 * everyMs, 50), 10_000);
    assert.ok(Math.abs(dueMs - expectedMs) <= 0.2 * expectedMs, `${everyMs}: ${dueMs}`);
    assert.deepEqual([...deferred.due(nowMs + dueMs - 1)], []);
    assert.deepEqual([...deferred.due(nowMs + dueMs + 1)], [1_000]);
    assert.equal(deferred.dueInMs(nowMs), undefined);
  }
});

Deno.test("DeferredPieces: what comes in a rush is bounded, and the oldest is due first", () => {
  const deferred = new DeferredPieces();
  const nowMs = get(deferred, { from: 0, count: 1_000, everyMs: 0, nowMs: 0 });
  const due = [...deferred.due(nowMs)];
  assert.deepEqual(due, Array.from({ length: due.length }, (_, piece) => piece));
  assert.ok(due.length > 800, `${1_000 - due.length} wait`);
});

Deno.test("DeferredPieces: a piece that is suggested waits no longer, and is due no more", () => {
  const deferred = new DeferredPieces();
  deferred.add(7, 0);
  assert.ok(deferred.has(7));
  assert.ok(deferred.take(7));
  assert.ok(!deferred.has(7));
  assert.ok(!deferred.take(7));
  assert.deepEqual([...deferred.due(1e6)], []);
});
