/** Decisions that are made once a second: windows, silence, addresses, bans, and when an origin is spared. */

import assert from "node:assert/strict";
import { PeerList } from "../../../../torrent/swarm/connections/peer_list.ts";
import { BanList } from "../../../../torrent/swarm/connections/ban_list.ts";
import { ConnectionTimeouts } from "../../../../torrent/swarm/wire/connection_timeouts.ts";
import { type Feeder, isFedByOthers } from "../../../../torrent/swarm/pieces/seed_relief.ts";
import { RateMeter } from "../../../../torrent/swarm/limits/rate_meter.ts";
import { MIN_WINDOW_BYTES, RequestWindow } from "../../../../torrent/swarm/peer/request_window.ts";

const MIB = 1024 * 1024;

/** A link that carries so much, behind a queue; whoever waits for an answer asks for more at once. */
function drive(
  window: RequestWindow,
  { bytesPerMs, delayMs, forMs, fromMs = 0 }: {
    readonly bytesPerMs: number;
    readonly delayMs: number;
    readonly forMs: number;
    readonly fromMs?: number;
  },
): number {
  const out: { readonly sizeBytes: number; readonly arrivesMs: number }[] = [];
  let [outBytes, freeMs, arrivedBytes] = [0, fromMs, 0];
  for (let nowMs = fromMs; nowMs < fromMs + forMs; nowMs++) {
    while (out[0] !== undefined && out[0].arrivesMs <= nowMs) {
      const request = out.shift()!;
      outBytes -= request.sizeBytes;
      arrivedBytes += request.sizeBytes;
      window.onBytes(request.sizeBytes);
      window.onAnswered(request, nowMs);
    }
    while (outBytes < window.limitBytes) {
      const sizeBytes = Math.min(Math.ceil(window.limitBytes / 8), 256 * 1024);
      freeMs = Math.max(freeMs, nowMs) + sizeBytes / bytesPerMs;
      const request = { sizeBytes, arrivesMs: freeMs + delayMs };
      out.push(request);
      outBytes += sizeBytes;
      window.onAsked(request, outBytes, nowMs);
    }
  }
  return arrivedBytes / forMs;
}

Deno.test("RequestWindow: fills a fast link, up to what its distance needs", () => {
  for (const [distance, mostBytes] of [["rack", 2 * MIB], ["remote", 16 * MIB]] as const) {
    const window = new RequestWindow();
    window.distance = distance;
    drive(window, { bytesPerMs: MIB, delayMs: 0, forMs: 1000 });
    assert.equal(window.limitBytes, mostBytes);
  }
});

Deno.test("RequestWindow: fills slow links and long ones, and keeps no more out than a few tenths of a second", () => {
  for (
    const [bytesPerMs, delayMs] of [[30, 0], [250, 5], [250, 150], [2000, 1], [2000, 120]] as const
  ) {
    const window = new RequestWindow();
    window.distance = "rack";
    drive(window, { bytesPerMs, delayMs, forMs: 20_000 });
    const rate = drive(window, { bytesPerMs, delayMs, forMs: 10_000, fromMs: 20_000 });
    const about = `${bytesPerMs} bytes/ms, ${delayMs} ms: ${rate}, ${window.limitBytes}`;
    assert.ok(rate > 0.9 * bytesPerMs, about);
    assert.ok(window.limitBytes <= Math.max(500 * bytesPerMs, MIN_WINDOW_BYTES), about);
  }
});

Deno.test("RequestWindow: follows the rate down, never to nothing, and forgets the best slowly", () => {
  const window = new RequestWindow();
  window.distance = "rack";
  drive(window, { bytesPerMs: 100_000, delayMs: 0, forMs: 1000 });
  window.onTick(1);
  const best = window.bestBytesPerSecond;
  drive(window, { bytesPerMs: 1000, delayMs: 1, forMs: 60_000, fromMs: 1000 });
  for (let tick = 0; tick < 15; tick++) window.onTick(1);
  assert.ok(window.limitBytes < MIB / 2, `${window.limitBytes}`);
  assert.ok(window.bestBytesPerSecond < best && window.bestBytesPerSecond > best / 2);
  window.onStall();
  assert.equal(window.limitBytes, MIN_WINDOW_BYTES);
});

Deno.test("RequestWindow: a probe that never comes back is replaced", () => {
  const window = new RequestWindow();
  window.distance = "rack";
  window.onAsked("lost", MIB, 0);
  window.onAsked("early", MIB, 20_000);
  window.onBytes(10 * MIB);
  window.onAnswered("early", 20_001);
  const before = window.limitBytes;
  window.onAsked("next", MIB, 30_000);
  window.onBytes(10 * MIB);
  window.onAnswered("next", 30_010);
  assert.ok(window.limitBytes > before, `${before}, ${window.limitBytes}`);
});

Deno.test("RateMeter: comes near a steady rate, and back to nothing", () => {
  const meter = new RateMeter();
  for (let tick = 0; tick < 10; tick++) {
    meter.onBytes(500);
    meter.onTick(0.5);
  }
  assert.ok(Math.abs(meter.bytesPerSecond - 1000) < 20);
  for (let tick = 0; tick < 20; tick++) meter.onTick(1);
  assert.ok(meter.bytesPerSecond <= 1);
});

Deno.test("Liveness: keep-alives after a minute, an end after five of silence", () => {
  const liveness = new ConnectionTimeouts(0);
  const state = { readBytes: 0, writtenBytes: 0, isWriting: false };
  assert.equal(liveness.look(state, 59), "fine");
  assert.equal(liveness.look(state, 60), "keep_alive");
  assert.equal(liveness.look({ ...state, writtenBytes: 4 }, 61), "fine");
  assert.equal(liveness.look({ ...state, writtenBytes: 4, readBytes: 1 }, 299), "keep_alive");
  const verdict = liveness.look({ ...state, writtenBytes: 8, readBytes: 1 }, 600);
  assert.match(typeof verdict === "object" ? verdict.close : "", /said nothing for 301 s/);
});

Deno.test("Liveness: a peer that does not read is dropped, one that reads slowly is not", () => {
  const liveness = new ConnectionTimeouts(0);
  for (let tick = 1; tick < 200; tick += 20) {
    const state = { readBytes: tick, writtenBytes: tick, isWriting: true };
    assert.equal(liveness.look(state, tick), "fine");
  }
  const state = { readBytes: 999, writtenBytes: 181, isWriting: false };
  assert.notEqual(typeof liveness.look(state, 250), "object", "nothing waits for it");
  assert.equal(liveness.look({ ...state, isWriting: true }, 251), "fine", "it has only begun");
  const verdict = liveness.look({ ...state, isWriting: true }, 290);
  assert.match(typeof verdict === "object" ? verdict.close : "", /did not read/);
});

Deno.test("PeerList: an address that fails is tried less and less often, then forgotten", () => {
  const book = new PeerList(() => 0.5);
  book.add("10.0.0.1:6881");
  const tries: number[] = [];
  for (let tick = 0; tick < 1000; tick++) {
    const address = book.next(tick, () => true);
    if (address === undefined) continue;
    tries.push(tick);
    book.ended(address, tick);
  }
  const pauses = tries.slice(1).map((tick, at) => tick - (tries[at] ?? 0));
  assert.equal(tries[0], 0);
  assert.ok(pauses.every((pause, at) => pause >= (pauses[at - 1] ?? 0)), `${pauses}`);
  assert.ok(Math.max(...pauses) <= 30);
  assert.equal(book.size, 0);
  book.add("10.0.0.1:6881");
  assert.equal(book.next(1000, () => true), "10.0.0.1:6881", "a tracker may name it again");
});

Deno.test("PeerList: busy and unwanted addresses are left alone, and their number is bounded", () => {
  const book = new PeerList(() => 0);
  for (let port = 1; port <= 2000; port++) book.add(`10.0.0.1:${port}`);
  assert.equal(book.size, 512);
  const first = book.next(0, (address) => address !== "10.0.0.1:1489");
  assert.equal(first, "10.0.0.1:1490");
  assert.notEqual(book.next(0, () => true), first);
});

Deno.test("BanList: by id and by port at once, by address after three of them", () => {
  const bans = new BanList();
  const offender = (at: number) => ({
    peerId: `${at}`.repeat(40),
    listensOn: `10.0.0.1:${at}`,
    host: "10.0.0.1",
  });
  bans.ban(offender(1));
  assert.ok(bans.isBanned({ peerId: "1".repeat(40) }));
  assert.ok(bans.isBanned({ listensOn: "10.0.0.1:1" }));
  assert.equal(bans.isBanned({ host: "10.0.0.1" }), false, "others may run on that machine");
  bans.ban(offender(2));
  bans.ban(offender(3));
  assert.ok(bans.isBanned({ host: "10.0.0.1" }));
  assert.equal(bans.isBanned({}), false);
});

const feeder = (of: Partial<Feeder>): Feeder => ({
  isOrigin: false,
  isStalled: false,
  distance: "rack",
  outstanding: { count: 1 },
  bytesPerSecond: 100,
  bestBytesPerSecond: 100,
  ...of,
});

Deno.test("isFedByOthers: an origin is spared while peers that are not farther away bring enough", () => {
  const origin = feeder({ isOrigin: true, distance: "site", bestBytesPerSecond: 100 });
  assert.equal(isFedByOthers(origin, [origin], 9), false, "there is nobody else");
  assert.ok(isFedByOthers(origin, [origin, feeder({})], 9));
  assert.ok(isFedByOthers(origin, [feeder({ bytesPerSecond: 0 })], 0), "they get a trial");
  assert.equal(isFedByOthers(origin, [feeder({ bytesPerSecond: 20 })], 9), false, "too slow");
  assert.ok(
    isFedByOthers(origin, Array.from({ length: 3 }, () => feeder({ bytesPerSecond: 20 })), 9),
  );
  for (
    const useless of [
      { distance: "remote" },
      { isStalled: true },
      { outstanding: { count: 0 } },
      { isOrigin: true },
    ] as const
  ) assert.equal(isFedByOthers(origin, [feeder(useless)], 9), false, JSON.stringify(useless));
});
