/** What each peer is asked for: one owner per piece, help only where it is wanted, bounded memory. */

import assert from "node:assert/strict";
import { PieceSet } from "../../../../../torrent/content/piece_set.ts";
import { SmartBan } from "../../../../../torrent/swarm/pieces/smart_ban.ts";
import type { OutstandingRequest } from "../../../../../torrent/swarm/pieces/outstanding_requests.ts";
import { PiecePicker } from "../../../../../torrent/swarm/pieces/piece_picker.ts";
import { RequestScheduler } from "../../../../../torrent/swarm/pieces/request_scheduler.ts";
import type { RequestTarget } from "../../../../../torrent/swarm/pieces/request_target.ts";
import { bareRelease } from "../bare_release.ts";
import { type BareTarget, bareTarget } from "./bare_target.ts";

const BLOCK = 16 * 1024;
const GIB = 1024 ** 3;

function setUp(sizeBytes: number, pieceLengthBytes: number) {
  const release = bareRelease(sizeBytes, pieceLengthBytes);
  const picker = new PiecePicker({
    pieceCount: release.pieceCount,
    random: () => 0,
    have: new PieceSet(release.pieceCount),
  });
  const smartBan = new SmartBan<RequestTarget>();
  const targets: RequestTarget[] = [];
  const scheduler = new RequestScheduler({
    release,
    picker,
    smartBan,
    targets: () => targets,
    prefill() {},
  });
  const add = (of: Partial<BareTarget> = {}): BareTarget => {
    const target = bareTarget({
      has: PieceSet.full(release.pieceCount),
      maxRequestBytes: 128 * 1024,
      ...of,
    });
    targets.push(target);
    picker.addPeer(target.has, target.distance);
    return target;
  };
  /** As if the answer had come. */
  const answer = (target: RequestTarget, request: OutstandingRequest<RequestTarget>) => {
    const { piece, begin, sizeBytes } = request;
    assert.equal(target.outstanding.take(piece.index, begin, sizeBytes), request);
    scheduler.bufferOf(piece);
    assert.ok(piece.startReceiving(request));
    piece.arrive(request, target);
    if (!piece.isComplete) return;
    scheduler.close(piece);
    picker.complete(piece.index);
  };
  return { release, picker, smartBan, scheduler, add, answer };
}

function some(
  request: OutstandingRequest<RequestTarget> | undefined,
): OutstandingRequest<RequestTarget> {
  assert.ok(request !== undefined);
  return request;
}

Deno.test("RequestScheduler: peers get pieces of their own, and keep to them", () => {
  const { scheduler, add } = setUp(16 * 4 * BLOCK, 4 * BLOCK);
  const [a, b] = [add({ maxRequestBytes: BLOCK }), add({ maxRequestBytes: BLOCK })];
  const ofA = [1, 2, 3, 4].map(() => some(scheduler.nextRequest(a, 0)).piece.index);
  const ofB = [1, 2, 3, 4].map(() => some(scheduler.nextRequest(b, 0)).piece.index);
  assert.equal(new Set(ofA).size, 1);
  assert.equal(new Set(ofB).size, 1);
  assert.notEqual(ofA[0], ofB[0]);
});

Deno.test("RequestScheduler: what a peer that leaves was asked for goes to the others, first of all", () => {
  const { scheduler, add, answer } = setUp(16 * 4 * BLOCK, 4 * BLOCK);
  const [a, b] = [add({ maxRequestBytes: BLOCK }), add({ maxRequestBytes: BLOCK })];
  const first = some(scheduler.nextRequest(a, 0));
  answer(a, first);
  some(scheduler.nextRequest(a, 0));
  scheduler.withdraw(a);
  const next = some(scheduler.nextRequest(b, 0));
  assert.equal(next.piece, first.piece, "it goes on where the other was");
  assert.equal(next.begin, BLOCK);
});

Deno.test("RequestScheduler: a piece of which nothing has come is put back when its peer leaves", () => {
  const { scheduler, picker, add } = setUp(2 * 4 * BLOCK, 4 * BLOCK);
  const a = add();
  some(scheduler.nextRequest(a, 0));
  assert.equal(picker.started, 1);
  scheduler.withdraw(a);
  assert.equal(picker.started, 0);
  assert.equal(scheduler.openCount, 0);
});

Deno.test("RequestScheduler: with nothing else left a peer helps, but never from farther away", () => {
  const { scheduler, add } = setUp(8 * BLOCK, 8 * BLOCK);
  const owner = add({ maxRequestBytes: BLOCK, distance: "site" });
  some(scheduler.nextRequest(owner, 0));
  const remote = add({ distance: "remote" });
  assert.equal(scheduler.nextRequest(remote, 0), undefined);
  const near = add({ distance: "rack", maxRequestBytes: BLOCK });
  assert.equal(some(scheduler.nextRequest(near, 0)).begin, BLOCK);
  owner.isStalled = true;
  assert.equal(some(scheduler.nextRequest(remote, 0)).begin, 2 * BLOCK, "the owner does not move");
});

Deno.test("RequestScheduler: what is late is asked for once more, of one other peer", () => {
  const { scheduler, add } = setUp(4 * BLOCK, 4 * BLOCK);
  const [slow, idle, third] = [add(), add({ maxRequestBytes: 2 * BLOCK }), add()];
  some(scheduler.nextRequest(slow, 10));
  assert.equal(scheduler.nextLateRequest(idle, 11), undefined, "it is not late yet");
  const again = [
    some(scheduler.nextLateRequest(idle, 12)),
    some(scheduler.nextLateRequest(idle, 12)),
  ];
  assert.deepEqual(again.map(({ begin, sizeBytes }) => [begin, sizeBytes]), [
    [0, 2 * BLOCK],
    [2 * BLOCK, 2 * BLOCK],
  ]);
  assert.equal(scheduler.nextLateRequest(third, 99), undefined, "a third time would be waste");
});

Deno.test("RequestScheduler: an answer of which a part is here already is refused, and the rest asked for again", () => {
  const { scheduler, add, answer } = setUp(2 * 4 * BLOCK, 4 * BLOCK);
  const [slow, idle] = [add({ maxRequestBytes: 4 * BLOCK }), add({ maxRequestBytes: BLOCK })];
  const late = some(scheduler.nextRequest(slow, 0));
  const other = some(scheduler.nextRequest(slow, 0));
  assert.notEqual(other.piece, late.piece, "it has gone on to another piece");
  answer(idle, some(scheduler.nextLateRequest(idle, 10)));
  assert.equal(slow.outstanding.take(late.piece.index, late.begin, late.sizeBytes), late);
  assert.equal(late.piece.startReceiving(late), false);
  scheduler.refuse(slow, late);
  const rest = [1, 2, 3].map(() => some(scheduler.nextRequest(idle, 10)));
  assert.deepEqual(rest.map(({ piece, begin }) => [piece, begin]), [
    [late.piece, BLOCK],
    [late.piece, 2 * BLOCK],
    [late.piece, 3 * BLOCK],
  ]);
});

Deno.test("RequestScheduler: a seed is asked for what nobody else has, and then left alone", () => {
  const { scheduler, picker, release, add } = setUp(4 * 4 * BLOCK, 4 * BLOCK);
  const seed = add({ joinedAsSeed: true, maxRequestBytes: 4 * BLOCK });
  const has = new PieceSet(release.pieceCount);
  const peer = add({ has, maxRequestBytes: BLOCK });
  has.add(0);
  picker.peerGot(0, "rack");
  assert.equal(some(scheduler.nextRequest(peer, 0)).piece.index, 0);
  assert.deepEqual(
    [1, 2, 3].map(() => some(scheduler.nextRequest(seed, 0)).piece.index).sort(),
    [1, 2, 3],
  );
  assert.equal(scheduler.nextRequest(seed, 0), undefined);
  peer.isStalled = true;
  assert.equal(some(scheduler.nextRequest(seed, 0)).piece.index, 0, "nobody else brings it");
});

Deno.test("RequestScheduler: a suspect piece has one sender alone, and begins anew when that one leaves", () => {
  const { scheduler, smartBan, picker, add, answer } = setUp(2 * BLOCK, 2 * BLOCK);
  const [a, b] = [add({ maxRequestBytes: BLOCK }), add({ maxRequestBytes: BLOCK })];
  for (const target of [a, b]) {
    const request = some(scheduler.nextRequest(target, 0));
    target.outstanding.take(0, request.begin, request.sizeBytes);
    scheduler.bufferOf(request.piece);
    request.piece.startReceiving(request);
    request.piece.arrive(request, target);
    if (!request.piece.isComplete) continue;
    assert.deepEqual(smartBan.onMismatch(request.piece), []);
    scheduler.close(request.piece);
    picker.putBack(0);
  }
  const first = some(scheduler.nextRequest(a, 0));
  assert.ok(first.piece.exclusive);
  answer(a, first);
  assert.equal(scheduler.nextRequest(b, 0), undefined);
  assert.equal(scheduler.nextLateRequest(b, 99), undefined);
  scheduler.withdraw(a);
  const begins = [some(scheduler.nextRequest(b, 0)).begin, some(scheduler.nextRequest(b, 0)).begin];
  assert.deepEqual(begins, [0, BLOCK], "none of the first one's blocks is kept");
});

Deno.test("RequestScheduler: 100 GiB from 50 peers: the memory for open pieces is bounded, all of it arrives", () => {
  const { scheduler, picker, release, add, answer } = setUp(100 * GIB, 16 * 1024 * 1024);
  const peers = Array.from({ length: 50 }, () => add({ maxRequestBytes: 16 * 1024 * 1024 }));
  const buffers = new Set<Uint8Array>();
  let mostOpen = 0;
  while (picker.missing > 0) {
    for (const peer of peers) {
      const request = scheduler.nextRequest(peer, 0);
      mostOpen = Math.max(mostOpen, scheduler.openCount);
      if (request === undefined) break;
      buffers.add(scheduler.bufferOf(request.piece));
    }
    for (const peer of peers) for (const request of [...peer.outstanding]) answer(peer, request);
  }
  assert.equal(release.pieceCount, 6400);
  assert.ok(mostOpen <= 6, `${mostOpen} pieces of 16 MiB were open`);
  assert.equal(scheduler.openCount, 0);
});

Deno.test("RequestScheduler: pieces that are being hashed count as memory, and are asked of nobody", () => {
  const { scheduler, picker, add } = setUp(100 * GIB, 16 * 1024 * 1024);
  const peer = add({ maxRequestBytes: 16 * 1024 * 1024 });
  const requests = Array.from({ length: 6 }, () => some(scheduler.nextRequest(peer, 0)));
  const [first, second] = requests.map(({ piece }) => piece);
  assert.ok(first !== undefined && second !== undefined);
  const buffer = scheduler.seal(first);
  assert.equal(scheduler.isOpen(first), false);
  assert.equal(scheduler.openCount, 5);
  assert.equal(picker.take(first.index, new PieceSet(0), "rack"), false);
  assert.equal(scheduler.nextRequest(peer, 0), undefined, "all the memory is in use");
  scheduler.withdraw(peer);
  assert.equal(first.buffer, buffer, "who leaves does not take it along");
  scheduler.close(first);
  scheduler.close(first);
  const [next, other] = [
    some(scheduler.nextRequest(peer, 0)),
    some(scheduler.nextRequest(peer, 0)),
  ];
  assert.equal(scheduler.bufferOf(next.piece), buffer);
  assert.notEqual(scheduler.bufferOf(other.piece), buffer, "no buffer serves two pieces");
});

Deno.test("RequestScheduler: pieces whose senders have gone do not hold the memory for ever", () => {
  const { scheduler, picker, release, add, answer } = setUp(
    12 * 16 * 1024 * 1024,
    16 * 1024 * 1024,
  );
  const firstHalf = new PieceSet(release.pieceCount);
  for (let index = 0; index < 6; index++) firstHalf.add(index);
  const gone = add({ has: firstHalf, maxRequestBytes: BLOCK });
  for (let piece = 0; piece < 6; piece++) {
    const one = add({
      has: new PieceSet(release.pieceCount, firstHalf.bytes),
      maxRequestBytes: BLOCK,
    });
    const request = some(scheduler.nextRequest(one, 0));
    answer(one, request);
    scheduler.withdraw(one);
    picker.removePeer(one.has, one.distance);
    // The next one is to begin a piece of its own, as if this one had never been loose.
    firstHalf.delete(request.piece.index);
  }
  picker.removePeer(gone.has, gone.distance);
  const secondHalf = new PieceSet(release.pieceCount);
  for (let index = 6; index < 12; index++) secondHalf.add(index);
  const here = add({ has: secondHalf });
  assert.ok(some(scheduler.nextRequest(here, 0)).piece.index >= 6);
});

Deno.test("RequestScheduler: a block that comes in for too long is taken over by an idle peer, and by no other", () => {
  const { scheduler, add, answer } = setUp(2 * 4 * BLOCK, 4 * BLOCK);
  const [slow, idle] = [add({ maxRequestBytes: BLOCK }), add({ maxRequestBytes: 4 * BLOCK })];
  const lacking = add({ has: new PieceSet(2) });
  const request = some(scheduler.nextRequest(slow, 0));
  assert.equal(slow.outstanding.take(request.piece.index, request.begin, BLOCK), request);
  assert.ok(request.piece.startReceiving(request));
  slow.abandonIncoming = () => {
    slow.overdue = undefined;
    scheduler.abandon(slow, request.piece, request);
  };
  answer(idle, some(scheduler.nextRequest(idle, 0)));
  while (true) {
    const more = scheduler.nextRequest(idle, 0);
    if (more === undefined) break;
    answer(idle, more);
  }
  assert.equal(scheduler.nextLateRequest(idle, 99), undefined, "nobody has said that it is late");
  slow.overdue = request;
  assert.equal(scheduler.nextLateRequest(lacking, 99), undefined);
  assert.equal(slow.overdue, request, "it was not given up for nobody");
  const again = some(scheduler.nextLateRequest(idle, 99));
  assert.deepEqual([again.piece.index, again.begin], [request.piece.index, request.begin]);
  answer(idle, again);
});
