/** Who holds an upload slot, and who follows. */

import assert from "node:assert/strict";
import { UploadSlots } from "../../../../../torrent/swarm/choker/upload_slots.ts";

Deno.test("UploadSlots: everybody at once while there are slots", () => {
  const slots = new UploadSlots<string>(3);
  assert.deepEqual(slots.join("a"), [{ peer: "a", choked: false }]);
  assert.deepEqual(slots.join("a"), [], "once is enough");
  assert.deepEqual(slots.join("b"), [{ peer: "b", choked: false }]);
  assert.deepEqual(slots.onSent("a", 1e12), [], "nobody waits: it may go on");
});

Deno.test("UploadSlots: the one that waits longest follows when a holder leaves or has had its share", () => {
  const slots = new UploadSlots<string>(2);
  slots.join("a");
  slots.join("b");
  assert.deepEqual(slots.join("c"), []);
  assert.deepEqual(slots.join("d"), []);
  assert.deepEqual(slots.leave("a"), [
    { peer: "a", choked: true },
    { peer: "c", choked: false },
  ]);
  assert.deepEqual(slots.onSent("b", 1024), []);
  assert.deepEqual(slots.onSent("b", 64 * 1024 * 1024), [
    { peer: "b", choked: true },
    { peer: "d", choked: false },
  ]);
  assert.deepEqual(slots.leave("b"), [], "it only waited");
  assert.equal(slots.held, 2);
});

Deno.test("UploadSlots: with more peers than slots everybody gets its turn", () => {
  const slots = new UploadSlots<number>(4);
  const holds = new Set<number>();
  const had = new Map<number, number>();
  const apply = (changes: readonly { peer: number; choked: boolean }[]) => {
    for (const { peer, choked } of changes) {
      if (choked) holds.delete(peer);
      else holds.add(peer);
    }
    assert.ok(holds.size <= 4);
  };
  for (let peer = 0; peer < 10; peer++) apply(slots.join(peer));
  for (let round = 0; round < 2000; round++) {
    for (const peer of [...holds]) {
      had.set(peer, (had.get(peer) ?? 0) + 1);
      apply(slots.onSent(peer, 1024 * 1024));
    }
  }
  const counts = [...had.values()];
  assert.equal(counts.length, 10);
  assert.ok(Math.max(...counts) <= 2 * Math.min(...counts), `${counts}`);
});
