/**
 * Hostile bytes against the engine's side of a connection. Whatever is sent, it ends with a reason or
 * goes on; it never throws out of its loops, never answers without end, and never writes a piece that
 * does not match. A failure prints its seed and how to replay it.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { PieceSet } from "../../../torrent/content/piece_set.ts";
import type { Release } from "../../../torrent/release/release.ts";
import { SmartBan } from "../../../torrent/swarm/pieces/smart_ban.ts";
import { encodeExtensions } from "../../../torrent/swarm/wire/extension_protocol.ts";
import {
  BLOCK_HEADER_BYTES,
  Outbox,
  writeBlockHeader,
  writeUint32,
} from "../../../torrent/swarm/wire/messages.ts";
import { Peer } from "../../../torrent/swarm/peer/peer.ts";
import type { PeerContext } from "../../../torrent/swarm/peer/peer_context.ts";
import type { Connection } from "../../../torrent/swarm/wire/peer_socket.ts";
import { MAX_REQUEST_BYTES } from "../../../torrent/swarm/peer/peer_upload.ts";
import { PiecePicker } from "../../../torrent/swarm/pieces/piece_picker.ts";
import { RequestScheduler } from "../../../torrent/swarm/pieces/request_scheduler.ts";
import type { RequestTarget } from "../../../torrent/swarm/pieces/request_target.ts";
import { RateLimits } from "../../../torrent/swarm/limits/rate_limits.ts";
import { SendBufferPool } from "../../../torrent/swarm/peer/send_buffers.ts";
import { NewPieceAssigner } from "../../../torrent/swarm/suggest/new_piece_assigner.ts";
import { SuperSeeding } from "../../../torrent/swarm/suggest/super_seeding.ts";
import { bareTarget } from "../../unit/torrent/swarm/pieces/bare_target.ts";
import type { TransferFiles } from "../../../torrent/content/transfer_files.ts";

const PIECES = 20;
const PIECE_BYTES = 64 * 1024;
const BLOCK = 16 * 1024;

const release: Release = {
  service: "web",
  version: "1",
  infoHash: "ab".repeat(20),
  sizeBytes: PIECES * PIECE_BYTES - 77,
  files: [],
  pieceLengthBytes: PIECE_BYTES,
  pieceCount: PIECES,
  pieceHashes: new Uint8Array(PIECES * 20),
  announce: [],
  metainfo: new Uint8Array(),
};

/** Hands out what it was given, in the parts it was given, then hangs up; counts what it is sent. */
class Script implements Connection {
  readonly #parts: Uint8Array[];
  sentBytes = 0;
  isClosed = false;

  constructor(parts: readonly Uint8Array[]) {
    this.#parts = [...parts];
  }

  read(buffer: Uint8Array): Promise<number | null> {
    const part = this.#parts.shift();
    if (part === undefined || this.isClosed) return Promise.resolve(null);
    const sizeBytes = Math.min(part.length, buffer.length);
    buffer.set(part.subarray(0, sizeBytes));
    if (sizeBytes < part.length) this.#parts.unshift(part.subarray(sizeBytes));
    return Promise.resolve(sizeBytes);
  }

  write(bytes: Uint8Array): Promise<number> {
    this.sentBytes += bytes.length;
    return Promise.resolve(bytes.length);
  }

  close(): void {
    this.isClosed = true;
  }
}

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
  const random = () => 0.5;
  const picker = new PiecePicker({ pieceCount: PIECES, random, have: verified });
  const smartBan = new SmartBan<RequestTarget>();
  const targets: RequestTarget[] = [];
  const scheduler = new RequestScheduler({
    release,
    picker,
    smartBan,
    targets: () => targets,
    prefill() {},
  });
  let reason: unknown;
  let ends = 0;
  let pieces = 0;
  let readBytes = 0;
  let receivedBytes = 0;
  const context: PeerContext = {
    // Only what a peer looks at of its transfer's files.
    files: {
      release,
      verified,
      verifiedBytes: options.isSeed ? release.sizeBytes : 0,
      isComplete: options.isSeed,
    } as TransferFiles,
    picker,
    scheduler,
    limits: new RateLimits(),
    buffers: new SendBufferPool(),
    locality: { host: "web-1", site: "north", rack: "a" },
    port: 1,
    infoBytes: new Uint8Array(40_000),
    tick: 0,
    // The clock stands still, so nothing ever comes later.
    clock: { nowMs: () => 0, wallTimeMs: () => 0, after: () => () => {} },
    suggester: options.isSeed
      ? new SuperSeeding({ pieceCount: PIECES, random, peers: () => targets })
      : new NewPieceAssigner(() => []),
    isWithinReach: () => true,
    mayRequest: true,
    readBlock: (offsetBytes, into) => {
      assert.ok(offsetBytes >= 0 && offsetBytes + into.length <= release.sizeBytes);
      readBytes += into.length;
    },
    onReceived: (_distance, sizeBytes) => {
      receivedBytes += sizeBytes;
    },
    onSent() {},
    onContested() {},
    onIdle() {},
    onPiece: (piece) => {
      pieces++;
      scheduler.close(piece);
      picker.putBack(piece.index);
    },
    onExtensions() {},
    onInterest: (peer) => peer.setChoked(!peer.isInterested),
    onEnded: (_peer, why) => {
      reason = why;
      ends++;
    },
  };
  const connection = new Script(parts);
  const handshake = { infoHash: release.infoHash, peerId: "cd".repeat(20), extended: true };
  const peer = new Peer({
    connection,
    address: "10.0.0.1:1",
    isOutgoing: false,
    handshake: { ...handshake, fast: options.fast },
  }, context);
  targets.push(peer.download);
  peer.start();
  await peer.socket.ended();
  assert.equal(ends, 1, "it ends once");
  assert.ok(connection.isClosed);
  assert.equal(picker.started, scheduler.openCount);
  if (receivedBytes === 0) {
    assert.equal(scheduler.openCount, 0, "nothing is left that waits for it");
  }
  if (!options.isSeed) expectAllFree({ scheduler, picker, targets, receivedBytes });
  return { reason, pieces, readBytes, sentBytes: connection.sentBytes };
}

/** Whatever it left behind, another peer can be asked for all that did not come. */
function expectAllFree(
  { scheduler, picker, targets, receivedBytes }: {
    readonly scheduler: RequestScheduler;
    readonly picker: PiecePicker;
    readonly targets: RequestTarget[];
    readonly receivedBytes: number;
  },
): void {
  const next = bareTarget({ has: PieceSet.full(PIECES), maxRequestBytes: BLOCK });
  targets.splice(0, targets.length, next);
  picker.addPeer(next.has, next.distance);
  while (scheduler.nextRequest(next, 0) !== undefined);
  assert.ok(next.outstanding.sizeBytes >= release.sizeBytes - receivedBytes);
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
