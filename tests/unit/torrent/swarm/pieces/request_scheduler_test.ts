/** What each peer is asked for: one owner per piece, help only where it is wanted, bounded memory. */

import assert from "node:assert/strict";
import { PieceSet } from "../../../../../torrent/content/piece_set.ts";
import { SmartBan } from "../../../../../torrent/swarm/pieces/smart_ban.ts";
import type { Outstanding } from "../../../../../torrent/swarm/pieces/outstanding_requests.ts";
import { PiecePicker } from "../../../../../torrent/swarm/pieces/piece_picker.ts";
import {
  RequestScheduler,
  type RequestTarget,
} from "../../../../../torrent/swarm/pieces/request_scheduler.ts";
import { bareRelease } from "../bare_release.ts";
import { type BareSource, bareSource } from "./bare_source.ts";

const BLOCK = 16 * 1024;
const GIB = 1024 ** 3;

function setUp(sizeBytes: number, pieceLengthBytes: number) {
  const release = bareRelease(sizeBytes, pieceLengthBytes);
  const picker = new PiecePicker({
    pieceCount: release.pieceCount,
    random: () => 0,
    have: new PieceSet(release.pieceCount),
  });
  const bad = new SmartBan<RequestTarget>();
  const sources: RequestTarget[] = [];
  const desk = new RequestScheduler({ release, picker, bad, sources: () => sources, prefill() {} });
  const add = (of: Partial<BareSource> = {}): BareSource => {
    const source = bareSource({
      has: PieceSet.full(release.pieceCount),
      maxRequestBytes: 128 * 1024,
      ...of,
    });
    sources.push(source);
    picker.addPeer(source.has, source.distance);
    return source;
  };
  /** As if the answer had come. */
  const answer = (source: RequestTarget, request: Outstanding<RequestTarget>) => {
    const { piece, begin, sizeBytes } = request;
    assert.equal(source.outstanding.take(piece.index, begin, sizeBytes), request);
    desk.bufferOf(piece);
    assert.ok(piece.startReceiving(request));
    piece.arrive(request, source);
    if (!piece.isComplete) return;
    desk.close(piece);
    picker.complete(piece.index);
  };
  return { release, picker, bad, desk, add, answer };
}

function some(request: Outstanding<RequestTarget> | undefined): Outstanding<RequestTarget> {
  assert.ok(request !== undefined);
  return request;
}

Deno.test("RequestScheduler: peers get pieces of their own, and keep to them", () => {
  const { desk, add } = setUp(16 * 4 * BLOCK, 4 * BLOCK);
  const [a, b] = [add({ maxRequestBytes: BLOCK }), add({ maxRequestBytes: BLOCK })];
  const ofA = [1, 2, 3, 4].map(() => some(desk.nextRequest(a, 0)).piece.index);
  const ofB = [1, 2, 3, 4].map(() => some(desk.nextRequest(b, 0)).piece.index);
  assert.equal(new Set(ofA).size, 1);
  assert.equal(new Set(ofB).size, 1);
  assert.notEqual(ofA[0], ofB[0]);
});

Deno.test("RequestScheduler: what a peer that leaves was asked for goes to the others, first of all", () => {
  const { desk, add, answer } = setUp(16 * 4 * BLOCK, 4 * BLOCK);
  const [a, b] = [add({ maxRequestBytes: BLOCK }), add({ maxRequestBytes: BLOCK })];
  const first = some(desk.nextRequest(a, 0));
  answer(a, first);
  some(desk.nextRequest(a, 0));
  desk.withdraw(a);
  const next = some(desk.nextRequest(b, 0));
  assert.equal(next.piece, first.piece, "it goes on where the other was");
  assert.equal(next.begin, BLOCK);
});

Deno.test("RequestScheduler: a piece of which nothing has come is put back when its peer leaves", () => {
  const { desk, picker, add } = setUp(2 * 4 * BLOCK, 4 * BLOCK);
  const a = add();
  some(desk.nextRequest(a, 0));
  assert.equal(picker.started, 1);
  desk.withdraw(a);
  assert.equal(picker.started, 0);
  assert.equal(desk.openCount, 0);
});

Deno.test("RequestScheduler: with nothing else left a peer helps, but never from farther away", () => {
  const { desk, add } = setUp(8 * BLOCK, 8 * BLOCK);
  const owner = add({ maxRequestBytes: BLOCK, distance: "site" });
  some(desk.nextRequest(owner, 0));
  const remote = add({ distance: "remote" });
  assert.equal(desk.nextRequest(remote, 0), undefined);
  const near = add({ distance: "rack", maxRequestBytes: BLOCK });
  assert.equal(some(desk.nextRequest(near, 0)).begin, BLOCK);
  owner.isStalled = true;
  assert.equal(some(desk.nextRequest(remote, 0)).begin, 2 * BLOCK, "the owner does not move");
});

Deno.test("RequestScheduler: what is late is asked for once more, of one other peer", () => {
  const { desk, add } = setUp(4 * BLOCK, 4 * BLOCK);
  const [slow, idle, third] = [add(), add({ maxRequestBytes: 2 * BLOCK }), add()];
  some(desk.nextRequest(slow, 10));
  assert.equal(desk.nextLateRequest(idle, 11), undefined, "it is not late yet");
  const again = [some(desk.nextLateRequest(idle, 12)), some(desk.nextLateRequest(idle, 12))];
  assert.deepEqual(again.map(({ begin, sizeBytes }) => [begin, sizeBytes]), [
    [0, 2 * BLOCK],
    [2 * BLOCK, 2 * BLOCK],
  ]);
  assert.equal(desk.nextLateRequest(third, 99), undefined, "a third time would be waste");
});

Deno.test("RequestScheduler: an answer of which a part is here already is refused, and the rest asked for again", () => {
  const { desk, add, answer } = setUp(2 * 4 * BLOCK, 4 * BLOCK);
  const [slow, idle] = [add({ maxRequestBytes: 4 * BLOCK }), add({ maxRequestBytes: BLOCK })];
  const late = some(desk.nextRequest(slow, 0));
  const other = some(desk.nextRequest(slow, 0));
  assert.notEqual(other.piece, late.piece, "it has gone on to another piece");
  answer(idle, some(desk.nextLateRequest(idle, 10)));
  assert.equal(slow.outstanding.take(late.piece.index, late.begin, late.sizeBytes), late);
  assert.equal(late.piece.startReceiving(late), false);
  desk.refuse(slow, late);
  const rest = [1, 2, 3].map(() => some(desk.nextRequest(idle, 10)));
  assert.deepEqual(rest.map(({ piece, begin }) => [piece, begin]), [
    [late.piece, BLOCK],
    [late.piece, 2 * BLOCK],
    [late.piece, 3 * BLOCK],
  ]);
});

Deno.test("RequestScheduler: an origin is asked for what nobody else has, and then left alone", () => {
  const { desk, picker, release, add } = setUp(4 * 4 * BLOCK, 4 * BLOCK);
  const origin = add({ isOrigin: true, maxRequestBytes: 4 * BLOCK });
  const has = new PieceSet(release.pieceCount);
  const peer = add({ has, maxRequestBytes: BLOCK });
  has.add(0);
  picker.peerGot(0, "rack");
  assert.equal(some(desk.nextRequest(peer, 0)).piece.index, 0);
  assert.deepEqual(
    [1, 2, 3].map(() => some(desk.nextRequest(origin, 0)).piece.index).sort(),
    [1, 2, 3],
  );
  assert.equal(desk.nextRequest(origin, 0), undefined);
  peer.isStalled = true;
  assert.equal(some(desk.nextRequest(origin, 0)).piece.index, 0, "nobody else brings it");
});

Deno.test("RequestScheduler: a suspect piece has one sender alone, and begins anew when that one leaves", () => {
  const { desk, bad, picker, add, answer } = setUp(2 * BLOCK, 2 * BLOCK);
  const [a, b] = [add({ maxRequestBytes: BLOCK }), add({ maxRequestBytes: BLOCK })];
  for (const source of [a, b]) {
    const request = some(desk.nextRequest(source, 0));
    source.outstanding.take(0, request.begin, request.sizeBytes);
    desk.bufferOf(request.piece);
    request.piece.startReceiving(request);
    request.piece.arrive(request, source);
    if (!request.piece.isComplete) continue;
    assert.deepEqual(bad.onMismatch(request.piece), []);
    desk.close(request.piece);
    picker.putBack(0);
  }
  const first = some(desk.nextRequest(a, 0));
  assert.ok(first.piece.exclusive);
  answer(a, first);
  assert.equal(desk.nextRequest(b, 0), undefined);
  assert.equal(desk.nextLateRequest(b, 99), undefined);
  desk.withdraw(a);
  const begins = [some(desk.nextRequest(b, 0)).begin, some(desk.nextRequest(b, 0)).begin];
  assert.deepEqual(begins, [0, BLOCK], "none of the first one's blocks is kept");
});

Deno.test("RequestScheduler: 100 GiB from 50 peers: the memory for open pieces is bounded, all of it arrives", () => {
  const { desk, picker, release, add, answer } = setUp(100 * GIB, 16 * 1024 * 1024);
  const peers = Array.from({ length: 50 }, () => add({ maxRequestBytes: 16 * 1024 * 1024 }));
  const buffers = new Set<Uint8Array>();
  let mostOpen = 0;
  while (picker.missing > 0) {
    for (const peer of peers) {
      const request = desk.nextRequest(peer, 0);
      mostOpen = Math.max(mostOpen, desk.openCount);
      if (request === undefined) break;
      buffers.add(desk.bufferOf(request.piece));
    }
    for (const peer of peers) for (const request of [...peer.outstanding]) answer(peer, request);
  }
  assert.equal(release.pieceCount, 6400);
  assert.ok(mostOpen <= 6, `${mostOpen} pieces of 16 MiB were open`);
  assert.equal(desk.openCount, 0);
});

Deno.test("RequestScheduler: pieces that are being hashed count as memory, and are asked of nobody", () => {
  const { desk, picker, add } = setUp(100 * GIB, 16 * 1024 * 1024);
  const peer = add({ maxRequestBytes: 16 * 1024 * 1024 });
  const requests = Array.from({ length: 6 }, () => some(desk.nextRequest(peer, 0)));
  const [first, second] = requests.map(({ piece }) => piece);
  assert.ok(first !== undefined && second !== undefined);
  const buffer = desk.seal(first);
  assert.equal(desk.isOpen(first), false);
  assert.equal(desk.openCount, 5);
  assert.equal(picker.take(first.index, new PieceSet(0), "rack"), false);
  assert.equal(desk.nextRequest(peer, 0), undefined, "all the memory is in use");
  desk.withdraw(peer);
  assert.equal(first.buffer, buffer, "who leaves does not take it along");
  desk.close(first);
  desk.close(first);
  const [next, other] = [some(desk.nextRequest(peer, 0)), some(desk.nextRequest(peer, 0))];
  assert.equal(desk.bufferOf(next.piece), buffer);
  assert.notEqual(desk.bufferOf(other.piece), buffer, "no buffer serves two pieces");
});

Deno.test("RequestScheduler: pieces whose senders have gone do not hold the memory for ever", () => {
  const { desk, picker, release, add, answer } = setUp(12 * 16 * 1024 * 1024, 16 * 1024 * 1024);
  const firstHalf = new PieceSet(release.pieceCount);
  for (let index = 0; index < 6; index++) firstHalf.add(index);
  const gone = add({ has: firstHalf, maxRequestBytes: BLOCK });
  for (let piece = 0; piece < 6; piece++) {
    const one = add({
      has: new PieceSet(release.pieceCount, firstHalf.bytes),
      maxRequestBytes: BLOCK,
    });
    const request = some(desk.nextRequest(one, 0));
    answer(one, request);
    desk.withdraw(one);
    picker.removePeer(one.has, one.distance);
    // The next one is to begin a piece of its own, as if this one had never been loose.
    firstHalf.delete(request.piece.index);
  }
  picker.removePeer(gone.has, gone.distance);
  const secondHalf = new PieceSet(release.pieceCount);
  for (let index = 6; index < 12; index++) secondHalf.add(index);
  const here = add({ has: secondHalf });
  assert.ok(some(desk.nextRequest(here, 0)).piece.index >= 6);
});
