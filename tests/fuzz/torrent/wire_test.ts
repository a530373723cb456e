/**
 * Hostile bytes against the engine's side of a connection. Whatever is sent, it ends with a reason or
 * goes on; it never throws out of its loops, never answers without end, and never writes a piece that
 * does not match. A failure prints its seed and how to replay it.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { PieceSet } from "../../../torrent/content/piece_set.ts";
import { MAX_REQUEST_BYTES } from "../../../torrent/swarm/peer/peer_upload.ts";
import { encodeExtensions } from "../../../torrent/swarm/wire/extension_protocol.ts";
import {
  BLOCK_HEADER_BYTES,
  Outbox,
  writeBlockHeader,
  writeUint32,
} from "../../../torrent/swarm/wire/messages.ts";
import { bareConnection, bareContext, PIECES } from "../../unit/torrent/swarm/peer/bare_context.ts";
import { bareTarget } from "../../unit/torrent/swarm/pieces/bare_target.ts";
import { ScriptedConnection } from "../../unit/torrent/swarm/wire/scripted_connection.ts";

const BLOCK = 16 * 1024;

function drain(fill: (outbox: Outbox) => void): Uint8Array {
  const outbox = new Outbox(10_000_000);
  fill(outbox);
  const bytes = new Uint8Array(outbox.sizeBytes);
  outbox.drainTo(bytes, 0);
  return bytes;
}

/** Runs one connection to its end. Returns the reason for it, and what happened meanwhile. */
async function converse(parts: readonly Uint8Array[], options: { isSeed: boolean; fast: boolean }) {
  const verified = options.isSeed ? PieceSet.full(PIECES) : new PieceSet(PIECES);
  const world = bareContext({ verified });
  const { picker, scheduler, happened } = world;
  const connection = new ScriptedConnection(parts);
  const peer = bareConnection(world, connection, { fast: options.fast });
  peer.start();
  await peer.ended();
  assert.equal(happened.ends, 1, "it ends once");
  assert.ok(connection.isClosed);
  assert.equal(picker.started, scheduler.openCount);
  if (happened.receivedBytes === 0) {
    assert.equal(scheduler.openCount, 0, "nothing is left that waits for it");
  }
  if (!options.isSeed) expectAllFree(world);
  return { ...happened, sentBytes: connection.sentBytes };
}

/** Whatever it left behind, another peer can be asked for all that did not come. */
function expectAllFree(
  { scheduler, picker, targets, release, happened }: ReturnType<typeof bareContext>,
): void {
  const next = bareTarget({ has: PieceSet.full(PIECES), maxRequestBytes: BLOCK });
  targets.splice(0, targets.length, next);
  picker.addPeer(next.has, next.distance);
  while (scheduler.nextRequest(next, 0) !== undefined);
  assert.ok(next.outstanding.sizeBytes >= release.sizeBytes - happened.receivedBytes);
}

const range = fc.record({
  index: fc.oneof(fc.nat(PIECES + 1), fc.nat(0xffff_ffff)),
  begin: fc.oneof(fc.nat(5).map((block) => block * BLOCK), fc.nat(0xffff_ffff)),
  sizeBytes: fc.oneof(fc.constantFrom(0, 1, BLOCK, 4 * BLOCK, 128 * 1024), fc.nat(0xffff_ffff)),
});

/** Messages that look right, wrong in one way or another. */
const frame = fc.oneof(
  fc.constantFrom(0, 1, 2, 3, 14, 15).map((id) => drain((outbox) => outbox.signal(id))),
  fc.tuple(fc.constantFrom(6, 8, 16), range).map(([id, of]) =>
    drain((outbox) => outbox.range(id, of))
  ),
  fc.nat(PIECES + 1).map((index) => drain((outbox) => outbox.have(index))),
  fc.uint8Array({ minLength: 1, maxLength: 5 }).map((bytes) =>
    drain((outbox) => outbox.bitfield(bytes))
  ),
  fc.tuple(fc.nat(PIECES), fc.nat(4), fc.constantFrom(1, BLOCK, 2 * BLOCK)).map(
    ([index, block, sizeBytes]) => {
      const bytes = new Uint8Array(BLOCK_HEADER_BYTES + sizeBytes);
      writeBlockHeader(bytes, 0, { index, begin: block * BLOCK, sizeBytes });
      return bytes;
    },
  ),
  fc.tuple(fc.nat(3), fc.uint8Array({ maxLength: 60 })).map(([extension, payload]) =>
    drain((outbox) => outbox.extended(extension, payload))
  ),
  fc.tuple(fc.nat(300_000), fc.nat(255)).map(([sizeBytes, id]) => {
    const bytes = new Uint8Array(5);
    writeUint32(bytes, 0, sizeBytes);
    bytes[4] = id;
    return bytes;
  }),
);

const sides = fc.record({ isSeed: fc.boolean(), fast: fc.boolean() });

Deno.test("peer: random bytes end the connection and nothing else", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), { maxLength: 20 }),
      sides,
      async (parts, side) => {
        const { pieces } = await converse(parts, side);
        assert.equal(pieces, 0);
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("peer: messages in any order and with any numbers do no harm", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { maxLength: 60 }), sides, async (parts, side) => {
      const { sentBytes, readBytes } = await converse(parts, side);
      // A request brings at most its own bytes; nothing else is answered by more than a part.
      assert.ok(readBytes <= parts.length * MAX_REQUEST_BYTES);
      assert.ok(sentBytes <= readBytes + 20_000 * (parts.length + 1));
    }),
    { numRuns: 500 },
  );
});

Deno.test("peer: requests without end are refused, and then the connection", async () => {
  const request = drain((outbox) => outbox.range(6, { index: 0, begin: 0, sizeBytes: BLOCK }));
  // Never interested, so always choked.
  const { reason, readBytes } = await converse(
    Array.from({ length: 6000 }, () => request),
    { isSeed: true, fast: true },
  );
  assert.match(String(reason), /refused in a row/);
  assert.equal(readBytes, 0);
});

Deno.test("peer: blocks that nobody asked for end the connection after a while", async () => {
  const flood = new Uint8Array(BLOCK_HEADER_BYTES + 128 * 1024);
  writeBlockHeader(flood, 0, { index: 0, begin: 0, sizeBytes: 128 * 1024 });
  const { reason, pieces } = await converse(
    Array.from({ length: 2000 }, () => flood),
    { isSeed: false, fast: true },
  );
  assert.match(String(reason), /nobody asked for/);
  assert.equal(pieces, 0);
});

Deno.test("peer: metadata is given twice at most, whatever is asked for", async () => {
  const hello = drain((outbox) =>
    outbox.extended(
      0,
      encodeExtensions({
        port: 1,
        locality: undefined,
        maxRequests: 1,
        maxRequestBytes: BLOCK,
        metadataBytes: 0,
      }),
    )
  );
  const ask = drain((outbox) =>
    outbox.extended(2, new TextEncoder().encode("d8:msg_typei0e5:piecei0ee"))
  );
  const { sentBytes } = await converse(
    [hello, ...Array.from({ length: 1000 }, () => ask)],
    { isSeed: true, fast: true },
  );
  assert.ok(sentBytes > 6 * BLOCK && sentBytes < 6 * BLOCK + 100_000, `${sentBytes}`);
});
