/** One peer's messages, from the first to the end of the connection. */

import assert from "node:assert/strict";
import { PieceSet } from "../../../../../torrent/content/piece_set.ts";
import { encodeExtensions } from "../../../../../torrent/swarm/wire/extension_protocol.ts";
import { MessageId, Outbox, readUint32 } from "../../../../../torrent/swarm/wire/messages.ts";
import { ScriptedConnection } from "../wire/scripted_connection.ts";
import { bareConnection, bareContext, PIECES } from "./bare_context.ts";

function write(fill: (outbox: Outbox) => void): Uint8Array {
  const outbox = new Outbox(1_000_000);
  fill(outbox);
  const bytes = new Uint8Array(outbox.sizeBytes);
  outbox.drainTo(bytes, 0);
  return bytes;
}

/** The ids of the messages in these bytes, without extension messages. */
function idsOf(bytes: Uint8Array): number[] {
  const ids: number[] = [];
  for (let at = 0; at < bytes.length; at += 4 + readUint32(bytes, at)) ids.push(bytes[at + 4]!);
  return ids.filter((id) => id !== MessageId.extended);
}

function some(...pieces: readonly number[]): PieceSet {
  const set = new PieceSet(PIECES);
  for (const piece of pieces) set.add(piece);
  return set;
}

/** What a host that has these pieces sends to a peer that says that. */
async function converse(
  verified: PieceSet,
  parts: readonly Uint8Array[],
  options: { fast?: boolean } = {},
) {
  const world = bareContext({ verified });
  const connection = new ScriptedConnection(parts, { keepsOpen: true });
  const peer = bareConnection(world, connection, options);
  peer.start();
  await new Promise((resolve) => setTimeout(resolve, 0));
  peer.close("enough");
  await peer.ended();
  return { ...world, peer, connection, told: idsOf(connection.sent) };
}

Deno.test("Peer: first says what it has, as briefly as the peer understands", async () => {
  assert.deepEqual((await converse(PieceSet.full(PIECES), [])).told, [MessageId.haveAll]);
  assert.deepEqual((await converse(some(), [])).told, [MessageId.haveNone]);
  assert.deepEqual((await converse(some(3), [])).told, [MessageId.bitfield]);
  const plain = { fast: false };
  assert.deepEqual((await converse(PieceSet.full(PIECES), [], plain)).told, [MessageId.bitfield]);
  assert.deepEqual((await converse(some(), [], plain)).told, []);
});

Deno.test("Peer: a leecher is interested in a seed, and requests once it is unchoked", async () => {
  const { told, happened } = await converse(some(), [
    write((outbox) => outbox.signal(MessageId.haveAll)),
    write((outbox) => outbox.signal(MessageId.unchoke)),
  ]);
  assert.deepEqual(told.slice(0, 2), [MessageId.haveNone, MessageId.interested]);
  assert.ok(told.slice(2).every((id) => id === MessageId.request) && told.length > 2);
  assert.equal(happened.ends, 1);
});

Deno.test("Peer: a seed serves an interested peer, and rejects what it did not ask for in time", async () => {
  const request = write((outbox) =>
    outbox.range(MessageId.request, { index: 0, begin: 0, sizeBytes: 16_384 })
  );
  const { told, happened } = await converse(PieceSet.full(PIECES), [
    request,
    write((outbox) => outbox.signal(MessageId.interested)),
    request,
  ]);
  assert.deepEqual(told.slice(0, 3), [MessageId.haveAll, MessageId.reject, MessageId.unchoke]);
  assert.equal(happened.readBytes, 16_384);
});

Deno.test("Peer: where it listens is known at once if we dialled, else from its extension handshake", async () => {
  const hello = write((outbox) =>
    outbox.extended(
      0,
      encodeExtensions({
        port: 6881,
        locality: { host: "web-2", site: "north", rack: "a" },
        maxRequests: 1,
        maxRequestBytes: 16_384,
        metadataBytes: 0,
      }),
    )
  );
  const { peer } = await converse(some(), [hello]);
  assert.equal(peer.listensOn, "10.0.0.1:6881");
  assert.equal(peer.distance, "rack");
  const world = bareContext({ verified: some() });
  const dialled = bareConnection(world, new ScriptedConnection([]), { isOutgoing: true });
  assert.equal(dialled.listensOn, "10.0.0.1:1");
  const silent = bareConnection(world, new ScriptedConnection([]));
  assert.equal(silent.listensOn, undefined);
  assert.equal(silent.distance, "remote");
});

Deno.test("Peer: a broken message ends the connection with a reason, an unknown one does not", async () => {
  const unknown = new Uint8Array([0, 0, 0, 2, 99, 1]);
  const short = new Uint8Array([0, 0, 0, 2, MessageId.have, 1]);
  const { happened } = await converse(some(), [unknown, short]);
  assert.match(String(happened.reason), /have: expected 4 bytes, there were 1/);
});

Deno.test("Peer: a new piece is announced to a peer that lacks it, and not to one that has it", async () => {
  const world = bareContext({ verified: some() });
  const connection = new ScriptedConnection([
    write((outbox) => outbox.bitfield(some(4).bytes)),
  ], { keepsOpen: true });
  const peer = bareConnection(world, connection);
  peer.start();
  await new Promise((resolve) => setTimeout(resolve, 0));
  peer.announcePiece(4);
  peer.announcePiece(5);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(idsOf(connection.sent).filter((id) => id === MessageId.have).length, 1);
  peer.close("enough");
  await peer.ended();
  assert.equal(world.happened.reason, "enough");
});
