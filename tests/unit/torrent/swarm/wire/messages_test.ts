/** The outbox: in order, and bounded. */

import fc from "fast-check";
import assert from "node:assert/strict";
import { Outbox, ProtocolViolation } from "../../../../../torrent/swarm/wire/messages.ts";

function drain(outbox: Outbox): Uint8Array {
  const bytes = new Uint8Array(outbox.sizeBytes);
  outbox.drainTo(bytes, 0);
  return bytes;
}

Deno.test("Outbox: drained in parts it gives the same bytes, in order", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(1000), fc.integer({ min: 0, max: 60 })), { maxLength: 200 }),
      (steps) => {
        const outbox = new Outbox(1_000_000);
        const expected = new Outbox(1_000_000);
        const got: number[] = [];
        for (const [index, drainBytes] of steps) {
          outbox.have(index);
          expected.have(index);
          const part = new Uint8Array(drainBytes);
          const sizeBytes = outbox.drainTo(part, 0);
          got.push(...part.subarray(0, sizeBytes));
        }
        got.push(...drain(outbox));
        assert.deepEqual(got, [...drain(expected)]);
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("Outbox: more than its bound is refused, and what waits stays as it was", () => {
  const outbox = new Outbox(100);
  outbox.bitfield(new Uint8Array(90));
  assert.throws(() => outbox.have(1), ProtocolViolation);
  assert.equal(outbox.sizeBytes, 95);
  assert.equal(drain(outbox).length, 95);
  outbox.have(1);
  assert.equal(outbox.sizeBytes, 9);
});
