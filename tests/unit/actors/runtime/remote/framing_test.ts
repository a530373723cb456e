import assert from "node:assert/strict";
import fc from "fast-check";
import { RemoteError } from "../../../../../actors/runtime/remote/mod.ts";
import { encodeFrame, FrameAssembler } from "../../../../../actors/runtime/remote/framing.ts";

Deno.test("frames come out as they went in, however the bytes are cut", () => {
  fc.assert(fc.property(
    fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 20 }),
    fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }),
    (values, cuts) => {
      // JSON has no negative zero.
      const sent = values.map((value) => JSON.parse(JSON.stringify(value)));
      const encoded = sent.map((value) => encodeFrame(value, 1_000_000));
      const bytes = new Uint8Array(encoded.flatMap((frame) => [...frame ?? []]));
      const assembler = new FrameAssembler(1_000_000);
      const received: unknown[] = [];
      const buffer = new Uint8Array(200);
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const piece = bytes.subarray(at, at + (cuts[turn % cuts.length] ?? 1));
        buffer.set(piece);
        received.push(...assembler.push(buffer.subarray(0, piece.length)));
        at += piece.length;
      }
      assert.deepEqual(received, sent);
    },
  ));
});

Deno.test("encodeFrame: the limit counts bytes, not characters", () => {
  assert.equal(encodeFrame("é".repeat(4), 10)?.length, 4 + 10);
  assert.equal(encodeFrame("é".repeat(5), 10), undefined);
});

Deno.test("FrameAssembler: refuses a long frame before its bytes are there", () => {
  const assembler = new FrameAssembler(10);
  const header = new Uint8Array([0, 0, 0, 11]);
  assert.throws(() => [...assembler.push(header)], RemoteError);
});
