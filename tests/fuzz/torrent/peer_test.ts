/**
 * Hostile peers against the engine's side of a connection. Whatever is sent, the connection ends with a reason or goes
 * on; nothing is thrown out of its loops, nothing is answered without end, no piece is written that does not match, and
 * whatever a peer leaves behind can be asked of others.
 */

import assert from "node:assert/strict";
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
import { type Dice, fuzzTest } from "./inputs.ts";

const file = import.meta.url;
const BLOCK = 16 * 1024;
const HELLO = encodeExtensions({
  port: 1,
  locality: { host: "web-2", site: "north", rack: "a" },
  maxRequests: 100,
  maxRequestBytes: 256 * 1024,
  metadataBytes: 1000,
});

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

/** A message that looks right, wrong in one way or another. */
function anyMessage(dice: Dice): Uint8Array {
  switch (dice.below(9)) {
    case 0:
    case 1:
      return drain((outbox) => outbox.signal(dice.pick([0, 1, 2, 3, 14, 15])));
    case 2:
    case 3:
      return drain((outbox) => outbox.range(dice.pick([6, 6, 8, 16]), anyRange(dice)));
    case 4:
      return drain((outbox) => outbox.have(dice.below(PIECES + 2)));
    case 5:
      return drain((outbox) =>
        dice.chance(0.5)
          ? outbox.bitfield(dice.bytes(1 + dice.below(5)))
          : outbox.suggest(dice.below(PIECES + 2))
      );
    case 6: {
      const sizeBytes = dice.pick([1, BLOCK, 2 * BLOCK]);
      const bytes = new Uint8Array(BLOCK_HEADER_BYTES + sizeBytes);
      const [index, begin] = [dice.below(PIECES + 1), dice.below(5) * BLOCK];
      writeBlockHeader(bytes, 0, { index, begin, sizeBytes });
      return bytes;
    }
    case 7: {
      const payload = dice.chance(0.5) ? dice.bytes(dice.below(60)) : dice.mutate(HELLO);
      return drain((outbox) => outbox.extended(dice.below(4), payload));
    }
    default: {
      const bytes = new Uint8Array(5);
      writeUint32(bytes, 0, dice.chance(0.5) ? dice.below(300_000) : dice.uint32());
      bytes[4] = dice.below(256);
      return bytes;
    }
  }
}

function anyRange(dice: Dice) {
  return {
    index: dice.chance(0.8) ? dice.below(PIECES + 2) : dice.uint32(),
    begin: dice.chance(0.8) ? dice.below(6) * BLOCK : dice.uint32(),
    sizeBytes: dice.chance(0.8) ? dice.pick([0, 1, BLOCK, 4 * BLOCK, 128 * 1024]) : dice.uint32(),
  };
}

const anySide = (dice: Dice) => ({ isSeed: dice.chance(0.5), fast: dice.chance(0.5) });

fuzzTest(
  "Peer: any bytes end the connection and nothing else",
  { file, ordinary: 1000 },
  async (dice) => {
    const parts = Array.from({ length: dice.below(20) }, () => dice.bytes(1 + dice.below(400)));
    const { pieces } = await converse(parts, anySide(dice));
    assert.equal(pieces, 0);
  },
);

fuzzTest(
  "Peer: messages in any order and with any numbers do no harm",
  { file, ordinary: 1500 },
  async (dice) => {
    const parts = Array.from({ length: dice.below(60) }, () => anyMessage(dice));
    const { sentBytes, readBytes } = await converse(parts, anySide(dice));
    // A request brings at most its own bytes; nothing else is answered by more than a part.
    assert.ok(readBytes <= parts.length * MAX_REQUEST_BYTES);
    assert.ok(sentBytes <= readBytes + 20_000 * (parts.length + 1));
  },
);

Deno.test("Peer: requests without end are refused, and then the connection", async () => {
  const request = drain((outbox) => outbox.range(6, { index: 0, begin: 0, sizeBytes: BLOCK }));
  // Never interested, so always choked.
  const { reason, readBytes } = await converse(
    Array.from({ length: 6000 }, () => request),
    { isSeed: true, fast: true },
  );
  assert.match(String(reason), /refused in a row/);
  assert.equal(readBytes, 0);
});

Deno.test("Peer: blocks that nobody asked for end the connection after a while", async () => {
  const flood = new Uint8Array(BLOCK_HEADER_BYTES + 128 * 1024);
  writeBlockHeader(flood, 0, { index: 0, begin: 0, sizeBytes: 128 * 1024 });
  const { reason, pieces } = await converse(
    Array.from({ length: 2000 }, () => flood),
    { isSeed: false, fast: true },
  );
  assert.match(String(reason), /nobody asked for/);
  assert.equal(pieces, 0);
});

Deno.test("Peer: metadata is given twice at most, whatever is asked for", async () => {
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
