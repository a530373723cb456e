// Frames out of a stream of bytes, however the network cuts it.
import assert from "node:assert/strict";
import fc from "fast-check";
import { FrameBuffer } from "../../../../zookeeper/wire/frame_buffer.ts";
import { WireError } from "../../../../zookeeper/wire/jute.ts";

function receive(buffer: FrameBuffer, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) {
    const space = buffer.space();
    assert.ok(space.length > 0);
    const sizeBytes = Math.min(space.length, rest.length);
    space.set(rest.subarray(0, sizeBytes));
    buffer.received(sizeBytes);
    rest = rest.subarray(sizeBytes);
  }
}

function stream(frames: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(frames.reduce((sum, frame) => sum + 4 + frame.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const frame of frames) {
    view.setInt32(at, frame.length);
    bytes.set(frame, at + 4);
    at += 4 + frame.length;
  }
  return bytes;
}

Deno.test("FrameBuffer: yields the frames that were sent, however the stream is cut", () => {
  const frames = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 50 }),
      // Beyond the size that the buffer begins with.
      fc.integer({ min: 60_000, max: 300_000 }).map((size) => new Uint8Array(size).fill(size)),
    ),
    { maxLength: 8 },
  );
  const options = fc.record({
    trustedSizeBytes: fc.constantFrom(0, 100_000, 1 << 20),
    initialSizeBytes: fc.constantFrom(16, 512, 64 * 1024),
  });
  const cuts = fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(frames, cuts, options, (sent, sizes, options) => {
      const buffer = new FrameBuffer({ maxFrameSizeBytes: 1 << 20, ...options });
      const received: Uint8Array[] = [];
      const bytes = stream(sent);
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1;
        receive(buffer, bytes.subarray(at, at + size));
        at += size;
        for (let frame = buffer.next(); frame !== undefined; frame = buffer.next()) {
          received.push(frame.slice());
        }
      }
      assert.deepEqual(received, sent);
      assert.equal(buffer.pendingBytes, 0);
    }),
    { numRuns: 200 },
  );
});

Deno.test("FrameBuffer: a length that is negative or too large is refused before its bytes arrive", () => {
  for (const length of [-1, -(2 ** 31), 1025, 2 ** 31 - 1]) {
    const buffer = new FrameBuffer({ maxFrameSizeBytes: 1024 });
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setInt32(0, length);
    receive(buffer, bytes);
    assert.throws(() => buffer.next(), WireError);
  }
});

Deno.test("FrameBuffer: a large frame gets its room at once if its length is trusted, else as it arrives", () => {
  const sizeBytes = 1_000_000;
  const begun = stream([new Uint8Array(sizeBytes)]).subarray(0, 100);
  const trusting = new FrameBuffer({
    maxFrameSizeBytes: 1 << 20,
    trustedSizeBytes: sizeBytes,
  });
  receive(trusting, begun);
  assert.equal(trusting.space().length, 4 + sizeBytes - begun.length);
  for (const trustedSizeBytes of [0, sizeBytes - 1]) {
    const wary = new FrameBuffer({ maxFrameSizeBytes: 1 << 20, trustedSizeBytes });
    receive(wary, begun);
    assert.ok(wary.space().length < 100_000);
  }
});

Deno.test("FrameBuffer: peek shows the first bytes and takes none", () => {
  const buffer = new FrameBuffer({ maxFrameSizeBytes: 1024 });
  assert.equal(buffer.peek(4), undefined);
  receive(buffer, stream([Uint8Array.of(1, 2)]));
  assert.deepEqual(buffer.peek(4), Uint8Array.of(0, 0, 0, 2));
  assert.deepEqual(buffer.next(), Uint8Array.of(1, 2));
});
