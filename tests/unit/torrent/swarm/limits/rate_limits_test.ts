/** The bandwidth limits, on a clock that moves only when it is told to. */

import assert from "node:assert/strict";
import { RateLimits } from "../../../../../torrent/swarm/limits/rate_limits.ts";
import type { BandwidthLimits } from "../../../../../torrent/swarm/limits/rate_schedule.ts";
import { ManualClock, settle } from "../../../../support/manual_clock.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

function limitsWith(limits: BandwidthLimits, now = new Date(2026, 0, 7, 12, 0)) {
  const clock = new ManualClock(now.getTime());
  return { clock, limits: new RateLimits({ limits, clock }) };
}

/** Sends blocks to one distance as fast as it may. @returns a counter of the bytes. */
function sendForEver(
  limits: RateLimits,
  options: { distance: "rack" | "site" | "remote"; blockBytes: number; signal: AbortSignal },
): { bytes: number } {
  const sent = { bytes: 0 };
  const { distance, blockBytes, signal } = options;
  void (async () => {
    while (!signal.aborted) {
      const paid = await limits.wait("up", distance, { sizeBytes: blockBytes, signal });
      if (paid === false) return;
      sent.bytes += blockBytes;
    }
  })();
  return sent;
}

function assertAbout(actual: number, expected: number): void {
  assert.ok(
    actual > 0.97 * expected && actual < 1.03 * expected,
    `expected about ${expected}, there were ${actual}`,
  );
}

Deno.test("RateLimits: without limits nothing waits, and nothing is counted", () => {
  for (const none of [{}, { up: {} }, { down: { total: Infinity }, schedule: [] }]) {
    const { limits } = limitsWith(none);
    assert.equal(limits.isLimiting, false);
    assert.equal(limits.wait("up", "remote", { sizeBytes: 1e12 }), undefined);
    limits.spend("down", "rack", 1e12);
    assert.equal(limits.allowance("down", "rack"), Infinity);
  }
});

Deno.test("RateLimits: each distance keeps its own rate, each direction too", async () => {
  const { clock, limits } = limitsWith({
    up: { site: 10 * MIB, remote: MIB },
    down: { site: MIB },
  });
  const ending = new AbortController();
  const { signal } = ending;
  const site = sendForEver(limits, { distance: "site", blockBytes: 128 * KIB, signal });
  const remote = sendForEver(limits, { distance: "remote", blockBytes: 16 * KIB, signal });
  await clock.advanceSettled(20_000);
  assertAbout(site.bytes, 200 * MIB);
  assertAbout(remote.bytes, 20 * MIB);
  assert.equal(limits.wait("up", "rack", { sizeBytes: 1e12 }), undefined, "the rack is free");
  assert.ok(limits.allowance("down", "site") > 0, "the other direction has spent nothing");
  ending.abort();
  await settle();
  assert.equal(clock.waiting, 0);
});

Deno.test("RateLimits: the total holds over all distances, and nobody is starved by larger blocks", async () => {
  const { clock, limits } = limitsWith({ up: { total: 10 * MIB, remote: 2 * MIB } });
  const ending = new AbortController();
  const { signal } = ending;
  const rack = sendForEver(limits, { distance: "rack", blockBytes: MIB, signal });
  const small = sendForEver(limits, { distance: "rack", blockBytes: 256 * KIB, signal });
  const remote = sendForEver(limits, { distance: "remote", blockBytes: 256 * KIB, signal });
  await clock.advanceSettled(30_000);
  assertAbout(rack.bytes + small.bytes + remote.bytes, 300 * MIB);
  assert.ok(remote.bytes <= 61 * MIB, `${remote.bytes} to other sites`);
  // In line, one block each: 1 MiB, a quarter, a quarter.
  assert.ok(small.bytes > 0.8 * rack.bytes / 4, `${small.bytes} beside ${rack.bytes}`);
  ending.abort();
  await settle();
});

Deno.test("RateLimits: a pause earns no more than a tenth of a second", async () => {
  const { clock, limits } = limitsWith({ down: { total: 10 * MIB } });
  await clock.advanceSettled(3_600_000);
  assert.equal(limits.allowance("down", "site"), MIB);
  limits.spend("down", "site", 3 * MIB);
  assert.equal(limits.allowance("down", "rack"), -2 * MIB);
  await clock.advanceSettled(200);
  assert.equal(limits.allowance("down", "rack"), 0);
});

Deno.test("RateLimits: a wait that is given up gives its bytes back to those behind it", async () => {
  const { clock, limits } = limitsWith({ up: { total: MIB } });
  limits.spend("up", "rack", 100 * KIB);
  const ending = new AbortController();
  const first = limits.wait("up", "rack", { sizeBytes: 50 * MIB, signal: ending.signal });
  const second = limits.wait("up", "rack", { sizeBytes: 16 * KIB });
  let secondWent = false;
  void second?.then(() => secondWent = true);
  await clock.advanceSettled(2_000);
  assert.equal(secondWent, false, "in line behind 50 MiB");
  ending.abort();
  assert.equal(await first, false);
  await clock.advanceSettled(1_100);
  assert.equal(secondWent, true);
});

Deno.test("RateLimits: who waits notices within seconds that the limit was lifted", async () => {
  const { clock, limits } = limitsWith(
    {
      up: { remote: 16 * KIB },
      schedule: [{ from: 22 * 60, to: 6 * 60, up: { remote: Infinity } }],
    },
    new Date(2026, 0, 7, 21, 58, 30),
  );
  limits.spend("up", "remote", 100 * MIB);
  let went = false;
  void limits.wait("up", "remote", { sizeBytes: KIB })?.then(() => went = true);
  await clock.advanceSettled(60_000);
  assert.equal(went, false);
  clock.wallOffsetMs += 30_000; // 22:00 is past.
  await clock.advanceSettled(11_000);
  assert.equal(went, true);
  assert.equal(limits.wait("up", "remote", { sizeBytes: 1e9 }), undefined);
  clock.wallOffsetMs += 8 * 3_600_000; // And so is 6:00.
  await clock.advanceSettled(11_000);
  limits.spend("up", "remote", MIB);
  assert.ok(limits.allowance("up", "remote") < 0, "limited again in the morning");
});
