/** What one peer may send: at once without limits, after its turn with them. */

import assert from "node:assert/strict";
import { PeerAllowance } from "../../../../../torrent/swarm/limits/peer_allowance.ts";
import { RateLimits } from "../../../../../torrent/swarm/limits/rate_limits.ts";
import { ManualClock } from "../../../../support/manual_clock.ts";

const KIB = 1024;

function setUp(bytesPerSecond?: number) {
  const clock = new ManualClock();
  const limits = new RateLimits({
    clock,
    ...bytesPerSecond === undefined ? {} : { limits: { up: { total: bytesPerSecond } } },
  });
  const ending = new AbortController();
  let rooms = 0;
  const allowance = new PeerAllowance(limits, {
    direction: "up",
    signal: ending.signal,
    onRoom: () => void rooms++,
  });
  return { allowance, limits, clock, ending, rooms: () => rooms };
}

Deno.test("PeerAllowance: without limits everything may go at once", () => {
  const { allowance } = setUp();
  for (let count = 0; count < 100; count++) assert.ok(allowance.take("remote", 1e9));
  assert.equal(allowance.isWaiting, false);
});

Deno.test("PeerAllowance: what has to wait is paid for when its turn comes, and asked for once", async () => {
  const { allowance, clock, rooms } = setUp(100 * KIB);
  assert.equal(allowance.take("rack", 100 * KIB), false);
  assert.ok(allowance.isWaiting);
  assert.equal(allowance.take("rack", 1), false, "nothing goes before that");
  await clock.advanceSettled(500);
  assert.equal(rooms(), 0);
  await clock.advanceSettled(1000);
  assert.equal(rooms(), 1);
  assert.equal(allowance.isWaiting, false);
  assert.ok(allowance.take("rack", 100 * KIB), "it is paid for");
  assert.equal(clock.waiting, 0);
});

Deno.test("PeerAllowance: bytes that were not needed count for what comes next", async () => {
  const { allowance, limits, clock } = setUp(100 * KIB);
  assert.equal(allowance.take("rack", 64 * KIB), false);
  await clock.advanceSettled(1000);
  assert.ok(allowance.take("rack", 64 * KIB));
  allowance.refund(48 * KIB);
  const left = limits.allowance("up", "rack");
  assert.ok(allowance.take("rack", 48 * KIB));
  assert.equal(limits.allowance("up", "rack"), left, "nothing was spent for it");
});

Deno.test("PeerAllowance: a peer that goes while it waits is not called, and gives its turn back", async () => {
  const { allowance, limits, clock, ending, rooms } = setUp(100 * KIB);
  assert.equal(allowance.take("rack", 1000 * KIB), false);
  ending.abort();
  await clock.advanceSettled(10);
  assert.equal(rooms(), 0);
  assert.ok(limits.allowance("up", "rack") >= 0);
  assert.equal(clock.waiting, 0);
});
