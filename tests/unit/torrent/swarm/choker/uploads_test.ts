/** Who is sent what: the queue of one peer, and the slots that all of them share. */

import assert from "node:assert/strict";
import {
  MAX_QUEUED_REQUESTS,
  UploadQueue,
} from "../../../../../torrent/swarm/peer/upload_queue.ts";
import { UploadSlots } from "../../../../../torrent/swarm/choker/upload_slots.ts";

const request = (index: number, sizeBytes = 16 * 1024) => ({ index, begin: 0, sizeBytes });

Deno.test("UploadQueue: first come, first served; a cancelled one is skipped", () => {
  const queue = new UploadQueue();
  for (let index = 0; index < 5; index++) assert.ok(queue.add(request(index)));
  assert.ok(queue.cancel(request(2)));
  assert.equal(queue.cancel(request(2)), false);
  const served: number[] = [];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) served.push(next.index);
  assert.deepEqual(served, [0, 1, 3, 4]);
});

Deno.test("UploadQueue: bounded by number and by size, and usable for ever", () => {
  const queue = new UploadQueue();
  for (let index = 0; index < MAX_QUEUED_REQUESTS; index++) assert.ok(queue.add(request(index)));
  assert.equal(queue.add(request(1000)), false);
  for (let turn = 0; turn < 2000; turn++) {
    assert.ok(queue.shift());
    assert.ok(queue.add(request(turn)));
  }
  assert.equal(queue.count, MAX_QUEUED_REQUESTS);
  assert.equal(queue.clear().length, MAX_QUEUED_REQUESTS);
  const large = 128 * 1024;
  let taken = 0;
  while (queue.add(request(taken, large))) taken++;
  assert.equal(taken * large, 16 * 1024 * 1024);
});

Deno.test("UploadSlots: everybody at once while there are slots", () => {
  const slots = new UploadSlots<string>(3);
  assert.deepEqual(slots.join("a"), [{ taker: "a", choked: false }]);
  assert.deepEqual(slots.join("a"), [], "once is enough");
  assert.deepEqual(slots.join("b"), [{ taker: "b", choked: false }]);
  assert.deepEqual(slots.onSent("a", 1e12), [], "nobody waits: it may go on");
});

Deno.test("UploadSlots: the one that waits longest follows when a holder leaves or has had its share", () => {
  const slots = new UploadSlots<string>(2);
  slots.join("a");
  slots.join("b");
  assert.deepEqual(slots.join("c"), []);
  assert.deepEqual(slots.join("d"), []);
  assert.deepEqual(slots.leave("a"), [
    { taker: "a", choked: true },
    { taker: "c", choked: false },
  ]);
  assert.deepEqual(slots.onSent("b", 1024), []);
  assert.deepEqual(slots.onSent("b", 64 * 1024 * 1024), [
    { taker: "b", choked: true },
    { taker: "d", choked: false },
  ]);
  assert.deepEqual(slots.leave("b"), [], "it only waited");
  assert.equal(slots.held, 2);
});

Deno.test("UploadSlots: with more takers than slots everybody gets its turn", () => {
  const slots = new UploadSlots<number>(4);
  const holds = new Set<number>();
  const had = new Map<number, number>();
  const apply = (changes: readonly { taker: number; choked: boolean }[]) => {
    for (const { taker, choked } of changes) {
      if (choked) holds.delete(taker);
      else holds.add(taker);
    }
    assert.ok(holds.size <= 4);
  };
  for (let taker = 0; taker < 10; taker++) apply(slots.join(taker));
  for (let round = 0; round < 2000; round++) {
    for (const taker of [...holds]) {
      had.set(taker, (had.get(taker) ?? 0) + 1);
      apply(slots.onSent(taker, 1024 * 1024));
    }
  }
  const counts = [...had.values()];
  assert.equal(counts.length, 10);
  assert.ok(Math.max(...counts) <= 2 * Math.min(...counts), `${counts}`);
});
