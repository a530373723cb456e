/** What becomes of a piece whose hash is known only later: meanwhile peers leave, the disk fills, the transfer ends. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { BackgroundSha1 } from "../../../../../ffi/mod.ts";
import { PieceSet } from "../../../../../torrent/content/piece_set.ts";
import { SmartBan } from "../../../../../torrent/swarm/pieces/smart_ban.ts";
import type { Outstanding } from "../../../../../torrent/swarm/pieces/outstanding_requests.ts";
import { PiecePicker } from "../../../../../torrent/swarm/pieces/piece_picker.ts";
import { PieceCompletion } from "../../../../../torrent/swarm/pieces/piece_completion.ts";
import {
  RequestScheduler,
  type RequestTarget,
} from "../../../../../torrent/swarm/pieces/request_scheduler.ts";
import { PieceHasher } from "../../../../../torrent/swarm/pieces/piece_hasher.ts";
import { TransferFiles } from "../../../../../torrent/content/transfer_files.ts";
import { bareRelease } from "../bare_release.ts";
import { bareSource } from "./bare_source.ts";

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
  const bad = new SmartBan<RequestTarget>();
  const sources: RequestTarget[] = [];
  const desk = new RequestScheduler({ release, picker, bad, sources: () => sources, prefill() {} });
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
    use: { isFull: true },
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
    desk,
    picker,
    bad,
    hasher,
    writer,
    signal: stop.signal,
    onRejected: (message) => told.push(message),
    onGuilty: (guilty) => told.push(`guilty: ${guilty.map((one) => sources.indexOf(one))}`),
    onRoom: () => told.push("room"),
  });
  const add = (): RequestTarget => {
    const source = bareSource({ has: PieceSet.full(PIECES), maxRequestBytes: PIECE });
    sources.push(source);
    picker.addPeer(source.has, source.distance);
    return source;
  };
  /** The answer to that request comes; `content` is by default what it should be. */
  const answer = (
    source: RequestTarget,
    request: Outstanding<RequestTarget>,
    content?: Uint8Array,
  ) => {
    const { piece, begin, sizeBytes } = request;
    assert.equal(source.outstanding.take(piece.index, begin, sizeBytes), request);
    assert.ok(piece.startReceiving(request));
    const bytes = (content ?? contentOf(piece.index)).subarray(begin, begin + sizeBytes);
    desk.bufferOf(piece).set(bytes, begin);
    piece.arrive(request, source);
    if (piece.isComplete) check.onPiece(piece);
    return piece;
  };
  /** A whole piece comes from that peer. */
  const fetch = (source: RequestTarget, content?: Uint8Array) =>
    answer(source, some(desk.nextRequest(source, 0)), content);
  return { picker, bad, desk, check, stop, writer, told, answers, add, answer, fetch };
}

function some<Value>(value: Value | undefined): Value {
  assert.ok(value !== undefined);
  return value;
}

Deno.test("PieceCompletion: a buffer serves the next piece once its hash is known, and not before", async () => {
  const { fetch, add, desk, answers, writer } = setUp();
  const a = add();
  const first = fetch(a);
  const buffer = some(first.buffer);
  const second = fetch(a);
  assert.notEqual(second.buffer, buffer);
  assert.deepEqual(writer.written, []);
  await some(answers[0]).give();
  assert.deepEqual(writer.written, [first.index]);
  const third = some(desk.nextRequest(a, 0)).piece;
  assert.equal(desk.bufferOf(third), buffer);
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
  const { fetch, add, answers, desk, writer, told } = setUp();
  const a = add();
  const { index } = fetch(a);
  desk.withdraw(a);
  await some(answers[0]).give();
  assert.deepEqual(writer.written, [index]);
  assert.deepEqual(told, ["room"]);
});

Deno.test("PieceCompletion: the only peer that a suspect may come from leaves meanwhile", async () => {
  const { answer, add, answers, desk, bad, picker, writer, told } = setUp();
  const [a, b] = [add(), add()];
  // Half of it from each, and one of them lies.
  Object.assign(a, { maxRequestBytes: PIECE / 2 });
  const half = some(desk.nextRequest(a, 0));
  const { piece } = half;
  answer(a, half);
  desk.withdraw(a);
  const rest = some(desk.nextRequest(b, 0));
  assert.equal(rest.piece, piece);
  answer(b, rest, new Uint8Array(PIECE));
  await some(answers[0]).give();
  assert.deepEqual(told.splice(0), [
    `piece ${piece.index} does not match its hash; it came from several sources`,
    "room",
  ]);
  assert.ok(bad.isSuspect(piece.index));
  assert.ok(picker.take(piece.index, new PieceSet(0), "rack"));
  picker.putBack(piece.index);

  Object.assign(a, { maxRequestBytes: PIECE });
  const again = some(desk.nextRequest(a, 0));
  assert.equal(again.piece.index, piece.index);
  assert.ok(again.piece.exclusive);
  answer(a, again);
  desk.withdraw(a);
  await some(answers[1]).give();
  assert.deepEqual(writer.written, [piece.index]);
  assert.deepEqual(told, ["guilty: 1", "room"]);
});

Deno.test("PieceCompletion: who sent wrong bytes is named although it has gone, and the piece asked for again", async () => {
  const { fetch, add, answers, desk, writer, told } = setUp();
  const [a, b] = [add(), add()];
  const { index } = fetch(a, new Uint8Array(PIECE));
  desk.withdraw(a);
  await some(answers[0]).give();
  assert.deepEqual(told, [
    `piece ${index} does not match its hash; its sender is banned`,
    "guilty: 0",
    "room",
  ]);
  assert.deepEqual(writer.written, []);
  const again = [1, 2, 3, 4].map(() => some(desk.nextRequest(b, 0)).piece.index);
  assert.ok(again.includes(index));
});

Deno.test("PieceCompletion: the disk is full by the time the hash is known", async () => {
  const { fetch, add, answers, desk, writer, told } = setUp();
  const a = add();
  const { index } = fetch(a);
  writer.isPaused = true;
  await some(answers[0]).give();
  assert.deepEqual(writer.written, []);
  assert.deepEqual(told, ["room"]);
  writer.isPaused = false;
  const again = [1, 2, 3, 4].map(() => some(desk.nextRequest(a, 0)).piece.index);
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
  const { answer, add, answers, desk, picker, writer } = setUp();
  const [a, b] = [add(), add()];
  const requests = [1, 2, 3, 4].map(() => some(desk.nextRequest(a, 0)));
  const late = some(desk.nextLateRequest(b, 10));
  const first = some(requests.find(({ piece }) => piece === late.piece));
  answer(a, first);
  // The same bytes once more from somebody else.
  assert.equal(desk.isOpen(late.piece), false);
  assert.equal(late.piece.startReceiving(late), false);
  desk.refuse(b, late);
  b.outstanding.takeWhere(() => true);
  assert.equal(picker.take(first.piece.index, new PieceSet(0), "rack"), false);
  assert.notEqual(desk.nextLateRequest(b, 10)?.piece, first.piece);
  await some(answers[0]).give();
  assert.deepEqual(writer.written, [first.piece.index]);
  assert.equal(answers.length, 1);
});
