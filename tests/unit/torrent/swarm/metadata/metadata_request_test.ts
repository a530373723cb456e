/** One peer is asked for the info dictionary: it answers, refuses, lies about sizes, or takes too long. */

import assert from "node:assert/strict";
import { requestMetadata } from "../../../../../torrent/swarm/metadata/metadata_request.ts";
import {
  encodeExtensions,
  encodeMetadataMessage,
  METADATA_EXTENSION,
  METADATA_PART_BYTES,
} from "../../../../../torrent/swarm/wire/extension_protocol.ts";
import { Outbox } from "../../../../../torrent/swarm/wire/messages.ts";
import { ManualClock } from "../../../../support/manual_clock.ts";
import { ScriptedConnection } from "../wire/scripted_connection.ts";

const INFO = new Uint8Array(METADATA_PART_BYTES + 10).map((_, at) => at % 251);

function extended(extension: number, payload: Uint8Array): Uint8Array {
  const outbox = new Outbox(1_000_000);
  outbox.extended(extension, payload);
  const bytes = new Uint8Array(outbox.sizeBytes);
  outbox.drainTo(bytes, 0);
  return bytes;
}

const hello = (metadataBytes: number) =>
  extended(
    0,
    encodeExtensions({
      port: 1,
      locality: undefined,
      maxRequests: 1,
      maxRequestBytes: 16_384,
      metadataBytes,
    }),
  );

const part = (index: number, bytes = partOf(index)) =>
  extended(
    METADATA_EXTENSION,
    encodeMetadataMessage({ type: "data", part: index, bytes }, INFO.length),
  );

function partOf(index: number): Uint8Array {
  return INFO.subarray(index * METADATA_PART_BYTES, (index + 1) * METADATA_PART_BYTES);
}

/** Asks a peer that says this; the connection is closed and no timer left, whatever comes of it. */
async function ask(parts: readonly Uint8Array[], options: { keepsOpen?: boolean } = {}) {
  const clock = new ManualClock();
  const connection = new ScriptedConnection(parts, options);
  const handshake = { infoHash: "ab".repeat(20), peerId: "cd".repeat(20), fast: true };
  const asking = requestMetadata(
    { connection, handshake: { ...handshake, extended: true }, address: "10.0.0.1:1" },
    { clock, signal: new AbortController().signal, maxBytes: 1_000_000 },
  );
  const outcome = asking.catch((error: Error) => error);
  if (options.keepsOpen) await clock.advanceSettled(10_000);
  const result = await outcome;
  assert.ok(connection.isClosed);
  assert.equal(clock.waiting, 0);
  return result;
}

Deno.test("requestMetadata: puts the parts together, in whatever order they come", async () => {
  for (const order of [[0, 1], [1, 0], [1, 1, 0]]) {
    const bytes = await ask([hello(INFO.length), ...order.map((index) => part(index))]);
    assert.ok(bytes instanceof Uint8Array);
    assert.deepEqual([...bytes], [...INFO]);
  }
});

Deno.test("requestMetadata: says what was wrong with a peer", async () => {
  const refusal = extended(
    METADATA_EXTENSION,
    encodeMetadataMessage({ type: "reject", part: 0 }, 0),
  );
  for (
    const [parts, reason] of [
      [[], /the peer hung up/],
      [[hello(0)], /does not offer it/],
      [[hello(2_000_000)], /at most 1000000 bytes, there are 2000000/],
      [[hello(INFO.length), refusal], /the peer refuses/],
      [[hello(INFO.length), part(0, new Uint8Array(5))], /part 0 has another size/],
      [[hello(INFO.length), part(9, new Uint8Array(5))], /part 9 has another size/],
    ] as const
  ) {
    const result = await ask(parts);
    assert.ok(result instanceof Error);
    assert.match(result.message, reason);
  }
});

Deno.test("requestMetadata: a peer that sends nothing more is given up within ten seconds", async () => {
  for (const parts of [[], [hello(INFO.length)], [hello(INFO.length), part(0)]]) {
    assert.ok(await ask(parts, { keepsOpen: true }) instanceof Error);
  }
});

Deno.test("requestMetadata: a peer that sends a part now and then is given up within half a minute", async () => {
  const clock = new ManualClock();
  const large = new Uint8Array(60 * METADATA_PART_BYTES);
  let parts = 0;
  const connection = {
    async read(buffer: Uint8Array) {
      if (parts > 0) await new Promise<void>((resolve) => void clock.after(4000, resolve));
      const bytes = parts === 0 ? hello(large.length) : part(parts - 1, large.subarray(0, 16_384));
      parts++;
      if (isClosed) return null;
      buffer.set(bytes);
      return bytes.length;
    },
    write: (bytes: Uint8Array) => Promise.resolve(bytes.length),
    close: () => void (isClosed = true),
  };
  let isClosed = false;
  const handshake = { infoHash: "ab".repeat(20), peerId: "cd".repeat(20), fast: true };
  const asking = requestMetadata(
    { connection, handshake: { ...handshake, extended: true }, address: "10.0.0.1:1" },
    { clock, signal: new AbortController().signal, maxBytes: 10_000_000 },
  ).catch((error: Error) => error);
  await clock.advanceSettled(29_000);
  assert.equal(isClosed, false);
  await clock.advanceSettled(6000);
  assert.ok(await asking instanceof Error);
  assert.ok(isClosed && parts > 5);
});
