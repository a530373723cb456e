/**
 * Hostile bytes against the decoders of the peer protocol: handshakes, frames, extension handshakes and messages about
 * metadata. A decoder refuses what is wrong with a `ProtocolViolation` or as undefined, and keeps to its bounds;
 * nothing else is thrown, and nothing is waited for that cannot come.
 */

import assert from "node:assert/strict";
import bencode from "bencode";
import {
  decodeExtensions,
  decodeMetadataMessage,
  encodeExtensions,
  encodeMetadataMessage,
} from "../../../torrent/swarm/wire/extension_protocol.ts";
import { type FrameHandler, FrameReader } from "../../../torrent/swarm/wire/frame_reader.ts";
import {
  decodeHandshake,
  encodeHandshake,
  HANDSHAKE_BYTES,
} from "../../../torrent/swarm/wire/handshake.ts";
import {
  BLOCK_HEADER_BYTES,
  expectBitfield,
  MessageId,
  ProtocolViolation,
  readRange,
  writeBlockHeader,
  writeUint32,
} from "../../../torrent/swarm/wire/messages.ts";
import { type Dice, fuzzTest } from "./inputs.ts";

const file = import.meta.url;

/** What the work gives, or undefined if it refuses as it may. */
function refusable<Value>(work: () => Value): Value | undefined {
  try {
    return work();
  } catch (error) {
    assert.ok(
      error instanceof ProtocolViolation,
      `expected a ProtocolViolation, there was ${error}`,
    );
    return undefined;
  }
}

const hexOf = (bytes: Uint8Array) =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

fuzzTest("decodeHandshake: any bytes", { file, ordinary: 20_000 }, (dice) => {
  const [infoHash, peerId] = [hexOf(dice.bytes(20)), hexOf(dice.bytes(20))];
  const right = encodeHandshake(infoHash, peerId);
  const bytes = dice.chance(0.2) ? dice.bytes(dice.below(100)) : dice.mutate(right);
  const read = refusable(() => decodeHandshake(bytes));
  if (read === undefined) return;
  assert.equal(bytes.length, HANDSHAKE_BYTES);
  assert.deepEqual(encodeHandshake(read.infoHash, read.peerId).subarray(28), bytes.subarray(28));
});

const LIMITS = { maxMessageBytes: 3000, maxBlockBytes: 5000 };

/** Makes sure that what it is told is in order, and within the limits. */
class StrictHandler implements FrameHandler {
  bytes = 0;
  #left = 0;

  onMessage(id: number, payload: Uint8Array): void {
    assert.equal(this.#left, 0, "no message within a block");
    assert.ok(id >= 0 && id <= 255 && id !== MessageId.piece);
    assert.ok(payload.length < LIMITS.maxMessageBytes);
    this.bytes += 5 + payload.length;
    if (id === MessageId.request) refusable(() => readRange("request", payload));
    if (id === MessageId.bitfield) refusable(() => expectBitfield(payload, 77));
  }

  onBlockStart(index: number, begin: number, sizeBytes: number): void {
    assert.equal(this.#left, 0, "no block within a block");
    assert.ok(index >= 0 && begin >= 0 && sizeBytes > 0 && sizeBytes <= LIMITS.maxBlockBytes);
    this.#left = sizeBytes;
    this.bytes += BLOCK_HEADER_BYTES;
  }

  onBlockBytes(bytes: Uint8Array): void {
    assert.ok(bytes.length > 0 && bytes.length <= this.#left);
    this.#left -= bytes.length;
    this.bytes += bytes.length;
  }

  onBlockEnd(): void {
    assert.equal(this.#left, 0, "all of its bytes came before");
  }
}

/** A message that is right, or wrong in its length or anywhere else. */
function anyFrame(dice: Dice): Uint8Array {
  if (dice.chance(0.3)) {
    const sizeBytes = 1 + dice.below(dice.chance(0.1) ? 6000 : 300);
    const block = new Uint8Array(BLOCK_HEADER_BYTES + sizeBytes);
    writeBlockHeader(block, 0, { index: dice.uint32(), begin: dice.uint32(), sizeBytes });
    return block;
  }
  const payload = dice.bytes(dice.below(dice.chance(0.1) ? 4000 : 30));
  const frame = new Uint8Array(5 + payload.length);
  writeUint32(frame, 0, dice.chance(0.05) ? dice.uint32() : 1 + payload.length);
  frame[4] = dice.chance(0.7) ? dice.below(22) : dice.below(256);
  frame.set(payload, 5);
  return dice.chance(0.05) ? dice.mutate(frame) : frame;
}

fuzzTest("FrameReader: any frames, cut anywhere", { file, ordinary: 5000 }, (dice) => {
  const reader = new FrameReader(LIMITS);
  const handler = new StrictHandler();
  let fedBytes = 0;
  for (let frames = dice.below(12); frames > 0; frames--) {
    const frame = anyFrame(dice);
    for (let at = 0; at < frame.length;) {
      const room = reader.room();
      assert.ok(room.length > 0 && room.length <= 1024 * 1024);
      const sizeBytes = Math.min(room.length, 1 + dice.below(frame.length), frame.length - at);
      room.set(frame.subarray(at, at + sizeBytes));
      at += sizeBytes;
      fedBytes += sizeBytes;
      const goesOn = refusable(() => {
        reader.advance(sizeBytes, handler);
        return true;
      });
      if (goesOn === undefined) return;
      assert.ok(handler.bytes <= fedBytes, "no byte is handed on twice");
    }
  }
});

/** Anything that bencode can say, to some depth. */
function anyValue(dice: Dice, depth = 0): unknown {
  switch (dice.below(depth > 3 ? 2 : 5)) {
    case 0:
      return dice.chance(0.5) ? dice.uint32() - 2 ** 31 : dice.below(100);
    case 1:
      return dice.bytes(dice.below(20));
    case 2:
      return Array.from({ length: dice.below(4) }, () => anyValue(dice, depth + 1));
    default:
      return Object.fromEntries(
        Array.from({ length: dice.below(4) }, () => [
          dice.pick([
            "m",
            "p",
            "reqq",
            "rollcall",
            "metadata_size",
            "piece",
            "host",
            "",
            "__proto__",
          ]),
          anyValue(dice, depth + 1),
        ]),
      );
  }
}

function anyExtensions(dice: Dice): Uint8Array {
  const name = () => String.fromCharCode(...dice.bytes(dice.below(300)));
  switch (dice.below(5)) {
    case 0:
      return dice.bytes(dice.below(200));
    case 1:
      // Lists and dictionaries within each other, as deep as a message can be long.
      return new Uint8Array(dice.below(dice.chance(0.02) ? 65_000 : 300)).fill(
        dice.pick([0x6c, 0x64]),
      );
    case 2:
      return bencode.encode({
        m: anyValue(dice),
        p: anyValue(dice),
        reqq: anyValue(dice),
        metadata_size: anyValue(dice),
        rollcall: { host: name(), site: anyValue(dice), rack: name() },
        rollcall_request: anyValue(dice),
      });
    case 3:
      return bencode.encode(anyValue(dice));
    default:
      return dice.mutate(encodeExtensions({
        port: 1 + dice.below(65_535),
        locality: { host: "web-1", site: "north", rack: "a" },
        maxRequests: 1 + dice.below(1000),
        maxRequestBytes: 16_384,
        metadataBytes: dice.below(1_000_000),
      }));
  }
}

fuzzTest("decodeExtensions: any payload", { file, ordinary: 10_000 }, (dice) => {
  const read = decodeExtensions(anyExtensions(dice));
  if (read === undefined) return;
  const { port, locality, maxRequests, maxRequestBytes, metadataExtension, metadataBytes } = read;
  const isCount = (value: number | undefined, most: number) =>
    value === undefined || Number.isInteger(value) && value > 0 && value <= most;
  assert.ok(isCount(port, 65_535) && isCount(maxRequests, 1_000_000));
  assert.ok(isCount(maxRequestBytes, 16 * 1024 * 1024) && isCount(metadataExtension, 255));
  assert.ok(isCount(metadataBytes, Number.MAX_SAFE_INTEGER));
  for (const part of Object.values(locality ?? {})) {
    assert.ok(typeof part === "string" && part.length > 0 && part.length <= 255, part);
  }
});

fuzzTest("decodeMetadataMessage: any payload", { file, ordinary: 10_000 }, (dice) => {
  const part = dice.below(100);
  const right = encodeMetadataMessage(
    dice.pick([
      { type: "request", part },
      { type: "reject", part },
      { type: "data", part, bytes: dice.bytes(dice.below(100)) },
    ]),
    1000,
  );
  const payload = dice.chance(0.7)
    ? dice.mutate(right)
    : dice.chance(0.5)
    ? anyExtensions(dice)
    : bencode.encode({ msg_type: anyValue(dice), piece: anyValue(dice) });
  const read = decodeMetadataMessage(payload);
  if (read === undefined) return;
  assert.ok(Number.isInteger(read.part) && read.part >= 0);
  if (read.type === "data") assert.ok(read.bytes.length < payload.length);
});
