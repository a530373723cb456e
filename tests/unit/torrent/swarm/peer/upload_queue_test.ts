/** The requests of one peer that wait: in order, cancelled, bounded. */

import assert from "node:assert/strict";
import {
  MAX_QUEUED_REQUESTS,
  UploadQueue,
} from "../../../../../torrent/swarm/peer/upload_queue.ts";

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
