/** What becomes of a piece whose hash is known only later: meanwhile peers leave, the disk fills, the transfer ends. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { BackgroundSha1 } from "../../../../../ffi/mod.ts";
import { PieceSet } from "../../../../../torrent/content/piece_set.ts";
import { SmartBan } from "../../../../../torrent/swarm/pieces/smart_ban.ts";
import type { OutstandingRequest } from "../../../../../torrent/swarm/pieces/outstanding_requests.ts";
import { PiecePicker } from "../../../../../torrent/swarm/pieces/piece_picker.ts";
import { PieceCompletion } from "../../../../../torrent/swarm/pieces/piece_completion.ts";
import { RequestScheduler } from "../../../../../torrent/swarm/pieces/request_scheduler.ts";
import type { RequestTarget } from "../../../../../torrent/swarm/pieces/request_target.ts";
import { PieceHasher } from "../../../../../torrent/swarm/pieces/piece_hasher.ts";
import { TransferFiles } from "../../../../../torrent/content/transfer_files.ts";
import { bareRelease } from "../bare_release.ts";
import { bareTarget } from "./bare_target.ts";

/** Large enough to be hashed on another thread. */
const PIECE = 2 * 1024 * 1024;
const PIECES = 4;

function contentOf(index: number): Uint8Array {
  return new Uint8Array(PIECE).fill(index + 1);
}

function setUp({ isElsewhere = true } = {}) {
  const pieceHashes = new Uint8Array(PIECES * 20);
  for (let index = 0; index < PIECES; index++) {
    pieceHashes.set(createHash("sha1").update(contentOf(index)).digest(), index * 20);
  }
  const release = { ...bareRelease(PIECES * PIECE, PIECE), pieceHashes };
  const picker = new PiecePicker({
    pieceCount: PIECES,
    random: () => 0,
    have: new PieceSet(PIECES),
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
  const answers: { bytes: Uint8Array; give: () => Promise<void> }[] = [];
  const sha1: BackgroundSha1 = (bytes) => {
    const { promise, resolve } = Promise.withResolvers<Uint8Array>();
    answers.push({
      bytes,
      give: async () => {
        // Made only now: whoever changes the bytes before is found out.
        resolve(createHash("sha1").update(bytes).digest());
        await promise;
        await new Promise((done) => setTimeout(done, 0));
      },
    });
    return promise;
  };
  const hasher = new PieceHasher({
    release,
    saturation: { isFull: true },
    open: () => isElsewhere ? sha1 : undefined,
  });
  const stop = new AbortController();
  const writer = { isPaused: false, written: [] as number[], write };
  function write(index: number, bytes: Uint8Array): void {
    assert.deepEqual(bytes, contentOf(index));
    writer.written.push(index);
    picker.complete(index);
  }
  const told: string[] = [];
  const check = new PieceCompletion({
    files: new TransferFiles(release, "/nowhere", {}),
    scheduler,
    picker,
    smartBan,
    hasher,
    writer,
    signal: stop.signal,
    onRejected: (message) => told.push(message),
    onGuilty: (guilty) => told.push(`guilty: ${guilty.map((one) => targets.indexOf(one))}`),
    onRoom: () => told.push("room"),
  });
  const add = (): RequestTarget => {
    const target = bareTarget({ has: PieceSet.full(PIECES), maxRequestBytes: PIECE });
    targets.push(target);
    picker.addPeer(target.has, target.distance);
    return target;
  };
  /** The answer to that request comes; `content` is by default what it should be. */
  const answer = (
    target: RequestTarget,
    request: OutstandingRequest<RequestTarget>,
    content?: Uint8Array,
  ) => {
    const { piece, begin, sizeBytes } = request;
    assert.equal(target.outstanding.take(piece.index, begin, sizeBytes), request);
    assert.ok(piece.startReceiving(request));
    const bytes = (content ?? contentOf(piece.index)).subarray(begin, begin + sizeBytes);
    scheduler.bufferOf(piece).set(bytes, begin);
    piece.arrive(request, target);
    if (piece.isComplete) check.onPiece(piece);
    return piece;
  };
  /** A whole piece comes from that peer. */
  const fetch = (target: RequestTarget, content?: Uint8Array) =>
    answer(target, some(scheduler.nextRequest(target, 0)), content);
  return { picker, smartBan, scheduler, check, stop, writer, told, answers, add, answer, fetch };
}

function some<Value>(value: Value | undefined): Value {
  assert.ok(value !== undefined);
  return value;
}

Deno.test("PieceCompletion: a buffer serves the next piece once its hash is known, and not before", async () => {
  const { fetch, add, scheduler, answers, writer } = setUp();
  const a = add();
  const first = fetch(a);
  const buffer = some(first.buffer);
  const second = fetch(a);
  assert.notEqual(second.buffer, buffer);
  assert.deepEqual(writer.written, []);
  await some(answers[0]).give();
  assert.deepEqual(writer.written, [first.index]);
  const third = some(scheduler.nextRequest(a, 0)).piece;
  assert.equal(scheduler.bufferOf(third), buffer);
  await some(answers[1]).give();
  assert.deepEqual(writer.written, [first.index, second.index]);
});

Deno.test("PieceCompletion: hashes that are known in another order", async () => {
  const { fetch, add, answers, writer } = setUp();
  const a = add();
  const pieces = [fetch(a), fetch(a), fetch(a)];
  for (const at of [2, 0, 1]) await some(answers[at]).give();
  assert.deepEqual(writer.written, [2, 0, 1].map((at) => some(pieces[at]).index));
});

Deno.test("PieceCompletion: what is hashed at once makes others ask only if it is to be fetched again", () => {
  const { fetch, add, writer, told } = setUp({ isElsewhere: false });
  const a = add();
  const { index } = fetch(a);
  assert.deepEqual(writer.written, [index]);
  assert.deepEqual(told, []);
  writer.isPaused = true;
  fetch(a);
  assert.deepEqual(told, ["room"]);
  fetch(a, new Uint8Array(PIECE));
  assert.deepEqual(told.slice(2), ["guilty: 0", "room"]);
  assert.deepEqual(writer.written, [index]);
});

Deno.test("PieceCompletion: who has sent the piece leaves meanwhile", async () => {
  const { fetch, add, answers, scheduler, writer, told } = setUp();
  const a = add();
  const { index } = fetch(a);
  scheduler.withdraw(a);
  await some(answers[0]).give();
  assert.deepEqual(writer.written, [index]);
  assert.deepEqual(told, ["room"]);
});

Deno.test("PieceCompletion: the only peer that a suspect may come from leaves meanwhile", async () => {
  const { answer, add, answers, scheduler, smartBan, picker, writer, told } = setUp();
  const [a, b] = [add(), add()];
  // Half of it from each, and one of them lies.
  Object.assign(a, { maxRequestBytes: PIECE / 2 });
  const half = some(scheduler.nextRequest(a, 0));
  const { piece } = half;
  answer(a, half);
  scheduler.withdraw(a);
  const rest = some(scheduler.nextRequest(b, 0));
  assert.equal(rest.piece, piece);
  answer(b, rest, new Uint8Array(PIECE));
  await some(answers[0]).give();
  assert.deepEqual(told.splice(0), [
    `piece ${piece.index} does not match its hash; it came from several sources`,
    "room",
  ]);
  assert.ok(smartBan.isSuspect(piece.index));
  assert.ok(picker.take(piece.index, new PieceSet(0), "rack"));
  picker.putBack(piece.index);

  Object.assign(a, { maxRequestBytes: PIECE });
  const again = some(scheduler.nextRequest(a, 0));
  assert.equal(again.piece.index, piece.index);
  assert.ok(again.piece.exclusive);
  answer(a, again);
  scheduler.withdraw(a);
  await some(answers[1]).give();
  assert.deepEqual(writer.written, [piece.index]);
  assert.deepEqual(told, ["guilty: 1", "room"]);
});

Deno.test("PieceCompletion: who sent wrong bytes is named although it has gone, and the piece asked for again", async () => {
  const { fetch, add, answers, scheduler, writer, told } = setUp();
  const [a, b] = [add(), add()];
  const { index } = fetch(a, new Uint8Array(PIECE));
  scheduler.withdraw(a);
  await some(answers[0]).give();
  assert.deepEqual(told, [
    `piece ${index} does not match its hash; its sender is banned`,
    "guilty: 0",
    "room",
  ]);
  assert.deepEqual(writer.written, []);
  const again = [1, 2, 3, 4].map(() => some(scheduler.nextRequest(b, 0)).piece.index);
  assert.ok(again.includes(index));
});

Deno.test("PieceCompletion: the disk is full by the time the hash is known", async () => {
  const { fetch, add, answers, scheduler, writer, told } = setUp();
  const a = add();
  const { index } = fetch(a);
  writer.isPaused = true;
  await some(answers[0]).give();
  assert.deepEqual(writer.written, []);
  assert.deepEqual(told, ["room"]);
  writer.isPaused = false;
  const again = [1, 2, 3, 4].map(() => some(scheduler.nextRequest(a, 0)).piece.index);
  assert.ok(again.includes(index));
});

Deno.test("PieceCompletion: the transfer is stopped meanwhile: it waits for the hash, and does nothing", async () => {
  for (const content of [undefined, new Uint8Array(PIECE)]) {
    const { fetch, add, answers, check, stop, writer, told } = setUp();
    fetch(add(), content);
    stop.abort();
    let ended = false;
    const ending = check.ended().then(() => ended = true);
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.equal(ended, false);
    await some(answers[0]).give();
    await ending;
    assert.deepEqual(writer.written, []);
    // Nobody is asked any more (see `PeerContext.mayRequest`).
    assert.deepEqual(told, ["room"]);
  }
});

Deno.test("PieceCompletion: a piece is asked for once only while its hash is being made, late answers included", async () => {
  const { answer, add, answers, scheduler, picker, writer } = setUp();
  const [a, b] = [add(), add()];
  const requests = [1, 2, 3, 4].map(() => some(scheduler.nextRequest(a, 0)));
  const late = some(scheduler.nextLateRequest(b, 10));
  const first = some(requests.find(({ piece }) => piece === late.piece));
  answer(a, first);
  // The same bytes once more from somebody else.
  assert.equal(scheduler.isOpen(late.piece), false);
  assert.equal(late.piece.startReceiving(late), false);
  scheduler.refuse(b, late);
  b.outstanding.takeWhere(() => true);
  assert.equal(picker.take(first.piece.index, new PieceSet(0), "rack"), false);
  assert.notEqual(scheduler.nextLateRequest(b, 10)?.piece, first.piece);
  await some(answers[0]).give();
  assert.deepEqual(writer.written, [first.piece.index]);
  assert.equal(answers.length, 1);
});
