/** What a peer is told: interest (BEP 3), suggestions (BEP 6), requests and their size. */

import assert from "node:assert/strict";
import { type Distance, isWithin } from "../../../../../base/locality.ts";
import { PieceSet } from "../../../../../torrent/content/piece_set.ts";
import {
  MIN_WINDOW_BYTES,
  type RequestWindow,
} from "../../../../../torrent/swarm/peer/request_window.ts";
import { MessageId, readUint32 } from "../../../../../torrent/swarm/wire/messages.ts";
import { ManualClock } from "../../../../support/manual_clock.ts";
import { bareDownload, PIECES } from "./bare_download.ts";

/** A message without payload: its length in four bytes, its number. */
const message = (id: number) => [0, 0, 0, 1, id];
const INTERESTED = message(MessageId.interested);
const NOT_INTERESTED = message(MessageId.notInterested);

function setUp(reach: Distance) {
  const verified = new PieceSet(PIECES);
  const state = { reach };
  const { download, drain } = bareDownload({
    verified,
    isWithinReach: (distance) => isWithin(state.reach, distance),
  });
  return { download, verified, state, told: () => [...drain()] };
}

Deno.test("PeerDownload: who may not be fetched from is no peer that we are interested in", () => {
  const { download, state, told } = setUp("rack");
  download.onPieces("all");
  assert.deepEqual(told(), [], "it has not said yet that it is near");
  download.setDistance("site", { suggests: true });
  download.onHave(3);
  assert.deepEqual(told(), []);
  state.reach = "site";
  download.updateInterest();
  assert.deepEqual(told(), INTERESTED);
  state.reach = "rack";
  download.updateInterest();
  assert.deepEqual(told(), NOT_INTERESTED);
  download.setDistance("rack", { suggests: true });
  assert.deepEqual(told(), INTERESTED);
});

Deno.test("PeerDownload: a piece that others are to have first is of interest, or it would be suggested to nobody", () => {
  const { download, told } = setUp("site");
  download.onPieces("none");
  download.setDistance("site", { suggests: true });
  assert.deepEqual(told(), []);
  download.onHave(3);
  assert.deepEqual(told(), INTERESTED);
  assert.ok(!download.has.has(3), "it is not to be asked for yet");
});

Deno.test("PeerDownload: a piece that we have ourselves is known of a peer at once, and of no interest", () => {
  const { download, verified, told } = setUp("site");
  download.onPieces("none");
  download.setDistance("site", { suggests: true });
  verified.add(3);
  download.onHave(3);
  assert.deepEqual(told(), []);
  assert.ok(download.has.has(3));
});

Deno.test("PeerDownload: who suggests what we have already hears of it, as it did not when it had it before us", () => {
  const { download, verified, told } = setUp("site");
  download.onPieces("none");
  verified.add(3);
  download.onSuggest(3);
  assert.deepEqual(told(), [0, 0, 0, 5, MessageId.have, 0, 0, 0, 3]);
  download.onSuggest(4);
  assert.deepEqual(told(), [], "it hears of that one later");
  assert.ok(download.receivedSuggestions.settle(4));
  assert.ok(!download.receivedSuggestions.settle(3));
});

Deno.test("PeerDownload: whoever has not answered yet is not asked for what others are to have first, however long it waits", () => {
  const clock = new ManualClock();
  const { download } = bareDownload({ clock });
  download.onPieces("none");
  download.setDistance("rack", { suggests: true });
  download.onUnchoke();
  download.onHave(3);
  download.onHave(4);
  download.onSuggest(3);
  download.fillWindow();
  assert.ok(download.outstanding.count > 0);
  clock.jump(60_000);
  download.fillWindow();
  assert.ok(
    !download.has.has(4),
    "it would be sent by a link that is full, to all who wait for it",
  );
  download.outstanding.takeWhere(() => true);
  download.fillWindow();
  assert.ok(download.has.has(4));
});

const KIB = 1024;
const REQUEST_BYTES = 17;

function setUpRequests() {
  const { download, drain } = bareDownload();
  download.setDistance("rack", { suggests: false });
  download.onPieces("all");
  download.onUnchoke();
  drain(); // That we are interested.
  /** What the peer is asked for, in sizes. */
  const asked = () => {
    download.fillWindow();
    const bytes = drain();
    assert.equal(bytes.length % REQUEST_BYTES, 0);
    return Array.from(
      { length: bytes.length / REQUEST_BYTES },
      (_, at) => readUint32(bytes, at * REQUEST_BYTES + 13),
    );
  };
  return { download, asked };
}

/** As if it had answered so late several times. */
function answerIn(delayMs: number, window: RequestWindow): void {
  for (let turn = 0; turn < 20; turn++) {
    window.onRequested(turn, window.limitBytes, 0);
    window.onBytes(window.limitBytes);
    window.onAnswered(turn, delayMs);
  }
}

Deno.test("PeerDownload: a peer that is fast is asked for as much at a time as it takes", () => {
  const { download, asked } = setUpRequests();
  download.setLimits({ maxRequests: 512, maxRequestBytes: 256 * KIB });
  answerIn(1, download.window);
  assert.deepEqual(asked(), new Array(8).fill(256 * KIB));
});

Deno.test("PeerDownload: a peer that is slow is asked for little at a time, so that none is large for it", () => {
  const { download, asked } = setUpRequests();
  download.setLimits({ maxRequests: 512, maxRequestBytes: 256 * KIB });
  answerIn(5000, download.window);
  assert.deepEqual(asked(), new Array(4).fill(16 * KIB));
  assert.equal(download.outstanding.sizeBytes, MIN_WINDOW_BYTES);
});

Deno.test("PeerDownload: whoever says nothing of larger requests is asked for 16 KiB at a time", () => {
  const { download, asked } = setUpRequests();
  download.setLimits({ maxRequests: 512, maxRequestBytes: 0 });
  assert.deepEqual(asked(), new Array(16).fill(16 * KIB));
});

/** A peer that was asked for blocks, on a transfer whose seconds the test counts. */
function setUpDue() {
  const time = { tick: 0 };
  const { download, scheduler, drain } = bareDownload({
    get tick() {
      return time.tick;
    },
  });
  download.setDistance("rack", { suggests: false });
  download.onPieces("all");
  download.onUnchoke();
  download.fillWindow();
  drain();
  const [request] = download.outstanding;
  assert.ok(request !== undefined);
  const start = () => download.onBlockStart(request.piece.index, request.begin, request.sizeBytes);
  /** A second passes in which so many bytes of the block come. */
  const pass = (bytes: number) => {
    time.tick++;
    if (bytes > 0) download.onBlockBytes(new Uint8Array(bytes));
    return download.onTick(1);
  };
  return { download, scheduler, request, start, pass };
}

Deno.test("PeerDownload: a peer that sends a byte now and then stalls as one that sends nothing, and is given up", () => {
  for (const bytes of [0, 1, 1000]) {
    const { download, start, pass } = setUpDue();
    start();
    for (let tick = 1; tick < 8; tick++) {
      pass(bytes);
      assert.equal(download.isStalled, false, `${bytes}, ${tick}`);
    }
    pass(bytes);
    assert.ok(download.isStalled, `${bytes}`);
    let ticks = 8;
    while (ticks < 100 && pass(Math.min(bytes, 1))) ticks++;
    assert.equal(ticks, 59);
  }
});

Deno.test("PeerDownload: a slow peer that keeps the least pace does not stall, and one that comes back is no longer stalled", () => {
  const { download, start, pass } = setUpDue();
  start();
  for (let tick = 0; tick < 8; tick++) {
    assert.ok(pass(1024));
    assert.equal(download.isStalled, false);
  }
  for (let tick = 0; tick < 9; tick++) pass(0);
  assert.ok(download.isStalled);
  pass(8 * 1024);
  assert.equal(download.isStalled, false);
});

Deno.test("PeerDownload: blocks that nobody asked for are no pace", () => {
  const { download, pass } = setUpDue();
  download.onBlockStart(3, 0, 1024 * 1024);
  for (let tick = 0; tick < 8; tick++) pass(16 * 1024);
  assert.ok(download.isStalled);
});

Deno.test("PeerDownload: a block is overdue after ten seconds, and is lost only if somebody takes it over", () => {
  const { download, scheduler, request, start, pass } = setUpDue();
  start();
  for (let tick = 0; tick < 10; tick++) {
    assert.equal(download.overdue, undefined);
    pass(100);
  }
  assert.equal(download.overdue, request);
  assert.equal(request.piece.has(request), false);
  download.onBlockBytes(new Uint8Array(request.sizeBytes - 1000));
  download.onBlockEnd();
  assert.ok(request.piece.has(request), "it has come after all");
  assert.ok(scheduler.isOpen(request.piece));
  assert.equal(download.overdue, undefined);
});

Deno.test("PeerDownload: while the import is striped, only our stripes are of interest elsewhere, at once", () => {
  const verified = new PieceSet(PIECES);
  const { download, drain, picker } = bareDownload({ verified });
  picker.setDuty({ rack: [3], site: [], sparesSeeds: false });
  download.onPieces("none");
  download.setDistance("site", { suggests: true });
  download.onHave(2);
  assert.deepEqual([...drain()], []);
  download.onHave(3);
  assert.deepEqual([...drain()], INTERESTED);
  assert.ok(download.has.has(3), "no piece is deferred that has one taker in each rack");
  picker.setDuty({ rack: [4], site: [], sparesSeeds: false });
  download.onImportChanged();
  assert.deepEqual([...drain()], NOT_INTERESTED);
});
