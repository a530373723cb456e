/** Blocks on their way to a peer: the same bytes however they were read, and no more reads than runs. */

import assert from "node:assert/strict";
import { PieceSet } from "../../../../../torrent/content/piece_set.ts";
import { PeerAllowance } from "../../../../../torrent/swarm/limits/peer_allowance.ts";
import { RateLimits } from "../../../../../torrent/swarm/limits/rate_limits.ts";
import { MAX_REQUEST_BYTES, PeerUpload } from "../../../../../torrent/swarm/peer/peer_upload.ts";
import { SendBufferPool } from "../../../../../torrent/swarm/peer/send_buffers.ts";
import {
  BLOCK_HEADER_BYTES,
  type BlockRange,
  MessageId,
  Outbox,
  readUint32,
} from "../../../../../torrent/swarm/wire/messages.ts";
import { ManualClock } from "../../../../support/manual_clock.ts";
import { bareRelease } from "../bare_release.ts";

const BLOCK = 16 * 1024;
const PIECE = 64 * BLOCK;
const PIECES = 4;

const byteAt = (offset: number) => (offset * 31 + (offset >>> 12)) & 0xff;

function setUp(options: { upBytesPerSecond?: number; fails?: () => boolean } = {}) {
  const { upBytesPerSecond, fails } = options;
  const clock = new ManualClock();
  const reads: number[] = [];
  const sent: number[] = [];
  let room = 0;
  const outbox = new Outbox(1024 * 1024);
  const ending = new AbortController();
  const limits = new RateLimits({
    clock,
    ...upBytesPerSecond === undefined ? {} : { limits: { up: { total: upBytesPerSecond } } },
  });
  const upload = new PeerUpload({
    release: bareRelease(PIECES * PIECE, PIECE),
    verified: PieceSet.full(PIECES),
    outbox,
    fast: true,
    readBlock(offsetBytes, into) {
      if (fails?.()) throw new Error("the disk failed");
      reads.push(into.length);
      for (let at = 0; at < into.length; at++) into[at] = byteAt(offsetBytes + at);
    },
    allowance: new PeerAllowance(limits, {
      direction: "up",
      signal: ending.signal,
      onRoom: () => room++,
    }),
    onSent: (_distance, sizeBytes) => sent.push(sizeBytes),
  });
  upload.setChoked(false);
  const ask = (index: number, firstBlock: number, count: number, sizeBytes = BLOCK) => {
    for (let at = 0; at < count; at++) {
      upload.onRequest({ index, begin: firstBlock * BLOCK + at * sizeBytes, sizeBytes });
    }
  };
  /** The peer takes a whole buffer in a moment from here on; what it took for that is not counted. */
  const speedUp = () => {
    const batch = new SendBufferPool().take();
    ask(3, 0, 64);
    while (upload.hasBlocks) upload.addBlocks(batch, 0);
    upload.onTick(0.01);
    reads.length = sent.length = 0;
  };
  return { upload, reads, sent, ask, clock, ending, rooms: () => room, speedUp };
}

/** Takes the blocks of a batch apart again and looks at every byte. */
function expectBlocks(batch: Uint8Array, from: number, end: number): BlockRange[] {
  const blocks: BlockRange[] = [];
  for (let at = from; at < end;) {
    assert.equal(batch[at + 4], MessageId.piece);
    const sizeBytes = readUint32(batch, at) - 9;
    const block = { index: readUint32(batch, at + 5), begin: readUint32(batch, at + 9), sizeBytes };
    at += BLOCK_HEADER_BYTES;
    const offset = block.index * PIECE + block.begin;
    const bytes = batch.subarray(at, at + sizeBytes);
    assert.ok(bytes.every((byte, of) => byte === byteAt(offset + of)), JSON.stringify(block));
    blocks.push(block);
    at += sizeBytes;
    assert.ok(at <= end, "the last block is whole");
  }
  return blocks;
}

Deno.test("PeerUpload: requests that lie one behind the other are read at once, others by themselves", () => {
  const { upload, reads, sent, ask, speedUp } = setUp();
  speedUp();
  const before = upload.sentBytes;
  const batch = new SendBufferPool().take();
  ask(0, 0, 4);
  ask(0, 8, 2); // a gap
  ask(1, 0, 1);
  ask(0, 10, 1); // would follow the second run, but the peer wants another first
  const end = upload.addBlocks(batch, 100);
  assert.deepEqual(reads, [4 * BLOCK, 2 * BLOCK, BLOCK, BLOCK]);
  assert.deepEqual(sent, reads, "every byte is counted, once");
  assert.equal(upload.sentBytes - before, 8 * BLOCK);
  assert.deepEqual(
    expectBlocks(batch, 100, end).map(({ index, begin }) => [index, begin / BLOCK]),
    [[0, 0], [0, 1], [0, 2], [0, 3], [0, 8], [0, 9], [1, 0], [0, 10]],
  );
  assert.equal(upload.hasBlocks, false);
});

Deno.test("PeerUpload: a run does not go over into the next piece", () => {
  const { upload, reads, ask, speedUp } = setUp();
  speedUp();
  const batch = new SendBufferPool().take();
  ask(0, 62, 2);
  ask(1, 0, 2);
  expectBlocks(batch, 0, upload.addBlocks(batch, 0));
  assert.deepEqual(reads, [2 * BLOCK, 2 * BLOCK]);
});

Deno.test("PeerUpload: a batch takes what it has room for, the largest request included, and the rest waits", () => {
  const { upload, ask, speedUp } = setUp();
  speedUp();
  const batch = new SendBufferPool().take();
  ask(0, 0, 64);
  const seen: BlockRange[] = [];
  while (upload.hasBlocks) {
    const end = upload.addBlocks(batch, 64 * 1024);
    assert.ok(end > 64 * 1024 && end <= batch.length);
    seen.push(...expectBlocks(batch, 64 * 1024, end));
  }
  assert.deepEqual(
    seen.map(({ begin }) => begin / BLOCK),
    Array.from({ length: 64 }, (_, at) => at),
  );
  ask(2, 0, 1, MAX_REQUEST_BYTES);
  assert.equal(expectBlocks(batch, 64 * 1024, upload.addBlocks(batch, 64 * 1024)).length, 1);
});

Deno.test("PeerUpload: a batch is no more than the peer takes in a moment, so that requests need not wait behind it", () => {
  const { upload, reads, ask } = setUp();
  const batch = new SendBufferPool().take();
  ask(0, 0, 32);
  const inBatch = () => expectBlocks(batch, 0, upload.addBlocks(batch, 0)).length;
  assert.deepEqual([inBatch(), inBatch()], [2, 2], "two blocks, while nobody knows how fast it is");
  assert.deepEqual(reads, [2 * BLOCK, 2 * BLOCK]);
  // Four blocks in 8 ms are eight in 16.
  upload.onTick(0.008);
  assert.equal(inBatch(), 8);
  upload.onTick(1);
  assert.equal(inBatch(), 2, "it has become slow");
  ask(1, 0, 1, MAX_REQUEST_BYTES);
  ask(1, 16, 1);
  while (upload.hasBlocks) if (inBatch() === 1) return;
  assert.fail("what is larger than a batch should be goes by itself");
});

Deno.test("PeerUpload: a rate limit ends a run where the money does, and nothing is lost or sent twice", async () => {
  const { upload, reads, ask, clock, ending, rooms } = setUp({ upBytesPerSecond: 20 * BLOCK });
  const batch = new SendBufferPool().take();
  await clock.advanceSettled(1000);
  ask(0, 0, 6);
  // A tenth of a second's worth may go at once.
  const first = expectBlocks(batch, 0, upload.addBlocks(batch, 0));
  assert.deepEqual(reads, [2 * BLOCK]);
  assert.equal(upload.addBlocks(batch, 0), 0);
  assert.equal(upload.hasBlocks, false, "it waits for its turn");
  const seen = [...first];
  for (let turn = 0; turn < 20 && seen.length < 6; turn++) {
    await clock.advanceSettled(100);
    if (upload.hasBlocks) seen.push(...expectBlocks(batch, 0, upload.addBlocks(batch, 0)));
  }
  assert.deepEqual(seen.map(({ begin }) => begin / BLOCK), [0, 1, 2, 3, 4, 5]);
  assert.ok(rooms() > 0);
  ending.abort();
});

Deno.test("PeerUpload: a read that fails ends the batch; its blocks are neither counted nor sent again", () => {
  let isBroken = false;
  const { upload, sent, ask, speedUp } = setUp({ fails: () => isBroken });
  speedUp();
  isBroken = true;
  const before = upload.sentBytes;
  const batch = new SendBufferPool().take();
  ask(0, 0, 3);
  ask(1, 0, 1);
  assert.throws(() => upload.addBlocks(batch, 0), /the disk failed/);
  assert.deepEqual(sent, []);
  assert.equal(upload.sentBytes, before);
  isBroken = false;
  const rest = expectBlocks(batch, 0, upload.addBlocks(batch, 0));
  assert.deepEqual(rest.map(({ index }) => index), [1]);
});

Deno.test("PeerUpload: what was cancelled in the middle of a run is left out of it", () => {
  const { upload, reads, ask, speedUp } = setUp();
  speedUp();
  const batch = new SendBufferPool().take();
  ask(0, 0, 5);
  upload.onCancel({ index: 0, begin: 2 * BLOCK, sizeBytes: BLOCK });
  const blocks = expectBlocks(batch, 0, upload.addBlocks(batch, 0));
  assert.deepEqual(blocks.map(({ begin }) => begin / BLOCK), [0, 1, 3, 4]);
  assert.deepEqual(reads, [2 * BLOCK, 2 * BLOCK]);
});
