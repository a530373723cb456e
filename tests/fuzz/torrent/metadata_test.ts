/**
 * Hostile peers that are asked for a .torrent, or ask for one: whoever asks gets bytes within its bound or an error, on
 * a connection that is closed afterwards; whoever answers gives each peer no more than twice as many parts as there
 * are.
 */

import assert from "node:assert/strict";
import { requestMetadata } from "../../../torrent/swarm/metadata/metadata_request.ts";
import { MetadataService } from "../../../torrent/swarm/metadata/metadata_service.ts";
import {
  encodeExtensions,
  encodeMetadataMessage,
  METADATA_EXTENSION,
  METADATA_PART_BYTES,
} from "../../../torrent/swarm/wire/extension_protocol.ts";
import { Outbox } from "../../../torrent/swarm/wire/messages.ts";
import { ScriptedConnection } from "../../unit/torrent/swarm/wire/scripted_connection.ts";
import { type Dice, fuzzTest } from "./inputs.ts";

const file = import.meta.url;
const MAX_BYTES = 100_000;
const clock = { nowMs: () => 0, wallTimeMs: () => 0, after: () => () => {} };

function anyMessage(dice: Dice, sizeBytes: number): Uint8Array {
  const outbox = new Outbox(1_000_000);
  switch (dice.below(8)) {
    case 0:
      outbox.have(dice.uint32());
      break;
    case 1:
      outbox.signal(dice.below(20));
      break;
    case 2:
    case 3:
      outbox.extended(
        0,
        encodeExtensions({
          port: 1,
          locality: undefined,
          maxRequests: 1,
          maxRequestBytes: 16_384,
          metadataBytes: dice.chance(0.8) ? sizeBytes : dice.uint32(),
        }),
      );
      break;
    default: {
      const part = dice.chance(0.9) ? dice.below(4) : dice.uint32();
      const start = part * METADATA_PART_BYTES;
      const length = dice.chance(0.9)
        ? Math.max(0, Math.min(METADATA_PART_BYTES, sizeBytes - start))
        : dice.below(20_000);
      const message = dice.chance(0.9)
        ? { type: "data" as const, part, bytes: new Uint8Array(length) }
        : { type: dice.pick(["request", "reject"] as const), part };
      outbox.extended(
        dice.chance(0.95) ? METADATA_EXTENSION : dice.below(256),
        encodeMetadataMessage(message, sizeBytes),
      );
    }
  }
  const bytes = new Uint8Array(outbox.sizeBytes);
  outbox.drainTo(bytes, 0);
  return dice.chance(0.03) ? dice.mutate(bytes) : bytes;
}

fuzzTest("requestMetadata: any peer", { file, ordinary: 500 }, async (dice) => {
  const sizeBytes = 1 + dice.below(4 * METADATA_PART_BYTES);
  const parts = Array.from({ length: dice.below(12) }, () => anyMessage(dice, sizeBytes));
  const connection = new ScriptedConnection(parts);
  const handshake = { infoHash: "ab".repeat(20), peerId: "cd".repeat(20), fast: true };
  const result = await requestMetadata(
    { connection, handshake: { ...handshake, extended: true }, address: "10.0.0.1:1" },
    { clock, signal: new AbortController().signal, maxBytes: MAX_BYTES },
  ).catch((error: unknown) => error);
  assert.ok(connection.isClosed);
  if (result instanceof Uint8Array) assert.ok(result.length > 0 && result.length <= MAX_BYTES);
  else assert.ok(result instanceof Error);
  assert.ok(connection.sentBytes < 10_000, "it asks for each part once");
});

fuzzTest("MetadataService: any requests", { file, ordinary: 2000 }, (dice) => {
  const info = dice.bytes(1 + dice.below(3 * METADATA_PART_BYTES));
  const service = new MetadataService(info);
  let sentBytes = 0;
  for (let count = dice.below(60); count > 0; count--) {
    const part = dice.chance(0.8) ? dice.below(5) : dice.uint32();
    sentBytes += service.answer(part).length;
  }
  // The short last part may be asked for as the others are.
  const wholeBytes = Math.ceil(info.length / METADATA_PART_BYTES) * METADATA_PART_BYTES;
  assert.ok(sentBytes <= 2 * wholeBytes + 60 * 100, `${sentBytes} bytes of ${info.length}`);
});
