/** Buffers that are reused, and how many. */

import assert from "node:assert/strict";
import { MAX_REQUEST_BYTES } from "../../../../../torrent/swarm/peer/peer_upload.ts";
import { SendBufferPool } from "../../../../../torrent/swarm/peer/send_buffers.ts";

Deno.test("SendBufferPool: a buffer has room for the largest block, and is never in two hands", () => {
  const pool = new SendBufferPool();
  const [first, second] = [pool.take(), pool.take()];
  assert.ok(first.length > MAX_REQUEST_BYTES);
  assert.notEqual(first, second);
  pool.give(first);
  assert.equal(pool.take(), first);
  assert.notEqual(pool.take(), first);
});

Deno.test("SendBufferPool: keeps sixteen buffers, however many were in use", () => {
  const pool = new SendBufferPool();
  const taken = new Set(Array.from({ length: 40 }, () => pool.take()));
  assert.equal(taken.size, 40);
  for (const buffer of taken) pool.give(buffer);
  const again = Array.from({ length: 40 }, () => pool.take());
  assert.equal(again.filter((buffer) => taken.has(buffer)).length, 16);
});
