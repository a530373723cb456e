/** Runs of blocks on their way to the socket. */

import fc from "fast-check";
import assert from "node:assert/strict";
import { isNext, writeBlocks } from "../../../../../torrent/swarm/peer/block_batch.ts";
import { BLOCK_HEADER_BYTES } from "../../../../../torrent/swarm/wire/messages.ts";

const BLOCK = 16 * 1024;

const byteAt = (offset: number) => (offset * 31 + (offset >>> 12)) & 0xff;

Deno.test("writeBlocks: a run gives the same bytes as its blocks one by one, from a single read", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 }),
      fc.nat(50),
      (sizes, at) => {
        let begin = 7;
        const run = sizes.map((sizeBytes) => {
          const block = { index: 3, begin, sizeBytes };
          begin += sizeBytes;
          return block;
        });
        const fill = (into: Uint8Array, offset: number) =>
          into.forEach((_, of) => into[of] = byteAt(offset + of));
        const size = at + run.length * BLOCK_HEADER_BYTES + begin - 7;
        const [joined, single] = [new Uint8Array(size), new Uint8Array(size)];
        let reads = 0;
        const end = writeBlocks(joined, {
          at,
          run,
          read(into) {
            reads++;
            fill(into, 7);
          },
        });
        assert.equal(end, size);
        assert.equal(reads, 1);
        let to = at;
        for (const block of run) {
          to = writeBlocks(single, {
            at: to,
            run: [block],
            read: (into) => fill(into, block.begin),
          });
        }
        assert.deepEqual(joined, single);
      },
    ),
    { numRuns: 100 },
  );
});

Deno.test("isNext: only in the same piece, and only where the first block ends", () => {
  const block = { index: 1, begin: BLOCK, sizeBytes: BLOCK };
  assert.ok(isNext(block, { index: 1, begin: 2 * BLOCK, sizeBytes: 5 }));
  for (
    const [index, begin] of [[2, 2 * BLOCK], [2, 0], [1, BLOCK], [1, 0], [1, 3 * BLOCK]] as const
  ) assert.equal(isNext(block, { index, begin, sizeBytes: BLOCK }), false);
});
