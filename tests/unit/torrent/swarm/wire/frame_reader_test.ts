/** Bytes to messages: the same however the network cuts them. */

import fc from "fast-check";
import assert from "node:assert/strict";
import { type FrameHandler, FrameReader } from "../../../../../torrent/swarm/wire/frame_reader.ts";
import {
  BLOCK_HEADER_BYTES,
  MessageId,
  Outbox,
  ProtocolViolation,
  writeBlockHeader,
  writeUint32,
} from "../../../../../torrent/swarm/wire/messages.ts";

const LIMITS = { maxMessageBytes: 300_000, maxBlockBytes: 128 * 1024 };

/** Writes down what it is told. */
class Recorder implements FrameHandler {
  readonly seen: string[] = [];
  #block = "";
  #left = 0;

  onMessage(id: number, payload: Uint8Array): void {
    this.seen.push(`${id}:${payload.length}:${payload.reduce((sum, byte) => sum + byte, 0)}`);
  }

  onBlockStart(index: number, begin: number, sizeBytes: number): void {
    assert.equal(this.#left, 0, "a block begins only after the one before it has ended");
    this.#block = `block ${index} ${begin} ${sizeBytes} `;
    this.#left = sizeBytes;
  }

  onBlockBytes(bytes: Uint8Array): void {
    assert.ok(bytes.length > 0 && bytes.length <= this.#left);
    this.#left -= bytes.length;
    this.#block += bytes.reduce((sum, byte) => sum + byte, 0) + "+";
  }

  onBlockEnd(): void {
    assert.equal(this.#left, 0);
    const sums = this.#block.slice(this.#block.lastIndexOf(" ")).split("+").map(Number);
    const sum = sums.reduce((total, one) => total + one, 0);
    this.seen.push(this.#block.slice(0, this.#block.lastIndexOf(" ")) + ` ${sum}`);
  }
}

function feed(reader: FrameReader, bytes: Uint8Array, cuts: readonly number[]): string[] {
  const recorder = new Recorder();
  let at = 0;
  for (let turn = 0; at < bytes.length; turn++) {
    const room = reader.room();
    assert.ok(room.length > 0, "there is always room for the next bytes");
    const wanted = cuts.length === 0 ? bytes.length : cuts[turn % cuts.length] ?? 1;
    const sizeBytes = Math.min(room.length, wanted, bytes.length - at);
    room.set(bytes.subarray(at, at + sizeBytes));
    reader.advance(sizeBytes, recorder);
    at += sizeBytes;
  }
  return recorder.seen;
}

function drain(outbox: Outbox): Uint8Array {
  const bytes = new Uint8Array(outbox.sizeBytes);
  outbox.drainTo(bytes, 0);
  return bytes;
}

function block(index: number, begin: number, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(BLOCK_HEADER_BYTES + sizeBytes).fill(7);
  writeBlockHeader(bytes, 0, { index, begin, sizeBytes });
  return bytes;
}

const messageArbitrary = fc.oneof(
  fc.record({ kind: fc.constant("signal" as const), id: fc.constantFrom(0, 1, 2, 3, 14, 15) }),
  fc.record({ kind: fc.constant("have" as const), index: fc.nat(1_000_000) }),
  fc.record({ kind: fc.constant("alive" as const) }),
  fc.record({
    kind: fc.constant("range" as const),
    id: fc.constantFrom(6, 8, 16),
    index: fc.nat(0xffff_ffff),
  }),
  fc.record({
    kind: fc.constant("bitfield" as const),
    sizeBytes: fc.integer({ min: 1, max: 9000 }),
  }),
  fc.record({
    kind: fc.constant("block" as const),
    sizeBytes: fc.integer({ min: 1, max: 70_000 }),
  }),
);

Deno.test("FrameReader: the same messages, wherever the bytes are cut", () => {
  fc.assert(
    fc.property(
      fc.array(messageArbitrary, { maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 8 }),
      (messages, cuts) => {
        const parts: Uint8Array[] = [];
        for (const message of messages) {
          const outbox = new Outbox(1_000_000);
          switch (message.kind) {
            case "signal":
              outbox.signal(message.id);
              break;
            case "have":
              outbox.have(message.index);
              break;
            case "alive":
              outbox.keepAlive();
              break;
            case "range":
              outbox.range(message.id, { index: message.index, begin: 5, sizeBytes: 16_384 });
              break;
            case "bitfield":
              outbox.bitfield(new Uint8Array(message.sizeBytes).fill(3));
              break;
            case "block":
              parts.push(block(1, 2, message.sizeBytes));
              break;
          }
          parts.push(drain(outbox));
        }
        const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
        let at = 0;
        for (const part of parts) {
          bytes.set(part, at);
          at += part.length;
        }
        const whole = feed(new FrameReader(LIMITS), bytes, []);
        assert.equal(whole.length, messages.filter(({ kind }) => kind !== "alive").length);
        assert.deepEqual(feed(new FrameReader(LIMITS), bytes, cuts), whole);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("FrameReader: a message that is larger than its first buffer", () => {
  const outbox = new Outbox(1_000_000);
  outbox.have(3);
  outbox.bitfield(new Uint8Array(299_999).fill(1));
  outbox.signal(MessageId.unchoke);
  const seen = feed(new FrameReader(LIMITS), drain(outbox), [50_000]);
  assert.deepEqual(seen, ["4:4:3", "5:299999:299999", "1:0:0"]);
});

Deno.test("FrameReader: sizes that nobody may send end it before they are waited for", () => {
  const frame = (sizeBytes: number, id: number) => {
    const bytes = new Uint8Array(20);
    writeUint32(bytes, 0, sizeBytes);
    bytes[4] = id;
    return bytes;
  };
  for (
    const bytes of [
      frame(300_001, MessageId.bitfield),
      frame(0xffff_ffff, MessageId.extended),
      frame(9 + 128 * 1024 + 1, MessageId.piece),
      frame(9, MessageId.piece),
      frame(3, MessageId.piece),
      frame(0xffff_ffff, MessageId.piece),
    ]
  ) {
    assert.throws(() => feed(new FrameReader(LIMITS), bytes, []), ProtocolViolation);
  }
});
