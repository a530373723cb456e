/** When members time out and are forgotten, without looking at all of them. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Member } from "../../../../tracker/members/member.ts";
import { defaultHandoutSettings } from "../../../../tracker/handout/handout_settings.ts";
import { MemberTimeouts } from "../../../../tracker/swarm/member_timeouts.ts";

const { hungryIntervalMs, seedIntervalMs, timeoutIntervals, forgetIntervals } =
  defaultHandoutSettings;
/** A second's members are looked at when it is over. */
const TICK_MS = 1000;

function setUp(startMs = 0) {
  let looks = 0;
  const known = new Set<Member>();
  const timeouts = new MemberTimeouts(defaultHandoutSettings, startMs, {
    onTimeout(member) {
      member.hasTimedOut = true;
    },
    onForget: (member) => known.delete(member),
  });
  const announce = (member: Member, nowMs: number, intervalMs: number) => {
    member.lastSeenMs = nowMs;
    member.intervalMs = intervalMs;
    member.hasTimedOut = false;
    known.add(member);
    timeouts.watch(member);
  };
  const join = (nowMs: number, intervalMs = hungryIntervalMs) => {
    const member = new Member({
      key: "10.0.0.1:1",
      ip: "10.0.0.1",
      port: 1,
      peerId: "-".repeat(20),
      host: undefined,
      location: undefined,
      leftBytes: 1,
      nowMs,
      intervalMs,
    });
    let lastSeenMs = nowMs;
    Object.defineProperty(member, "lastSeenMs", {
      get: () => (looks++, lastSeenMs),
      set: (ms: number) => lastSeenMs = ms,
    });
    announce(member, nowMs, intervalMs);
    return member;
  };
  return { timeouts, known, join, announce, takeLooks: () => [looks, looks = 0][0] };
}

Deno.test("MemberTimeouts: timed out after two and a half intervals, forgotten after four", () => {
  const { timeouts, known, join } = setUp();
  const member = join(0);
  timeouts.advance(hungryIntervalMs * timeoutIntervals, 100);
  assert.equal(member.hasTimedOut, false);
  timeouts.advance(hungryIntervalMs * timeoutIntervals + TICK_MS, 100);
  assert.equal(member.hasTimedOut, true);
  timeouts.advance(hungryIntervalMs * forgetIntervals, 100);
  assert.ok(known.has(member));
  timeouts.advance(hungryIntervalMs * forgetIntervals + TICK_MS, 100);
  assert.ok(!known.has(member));
});

Deno.test("MemberTimeouts: a member whose interval becomes shorter times out sooner", () => {
  const { timeouts, join, announce } = setUp();
  const member = join(0, seedIntervalMs);
  announce(member, 1000, hungryIntervalMs);
  timeouts.advance(1000 + hungryIntervalMs * timeoutIntervals + TICK_MS, 100);
  assert.ok(member.hasTimedOut);
});

Deno.test("MemberTimeouts: looks at no more than it may, at those that are due, and forgets none of them", () => {
  const { timeouts, known, join, takeLooks } = setUp();
  for (let index = 0; index < 1000; index++) join(0);
  const others = Array.from({ length: 1000 }, () => join(0, seedIntervalMs));
  takeLooks();
  let nowMs = hungryIntervalMs * forgetIntervals + TICK_MS;
  for (let turn = 0; turn < 210; turn++) {
    timeouts.advance(nowMs++, 10);
    // A look, and where to look next.
    assert.ok((takeLooks() ?? 0) <= 10 * 2, `turn ${turn}`);
  }
  assert.deepEqual(known, new Set(others));
});

Deno.test("MemberTimeouts: after a pause longer than the wheel everybody is gone within two rounds", () => {
  const { timeouts, known, join } = setUp(5_000_000);
  for (let index = 0; index < 50; index++) join(5_000_000 + index * 1000, seedIntervalMs);
  timeouts.advance(50_000_000, Infinity);
  timeouts.advance(50_000_000 + TICK_MS * 2, Infinity);
  assert.equal(known.size, 0);
});

Deno.test("MemberTimeouts: after any history it is at most two seconds behind who looks at everybody", () => {
  const eventArbitrary = fc.record({
    who: fc.nat(7),
    leaves: fc.boolean(),
    intervalMs: fc.constantFrom(1000, 3000, 20_000, 30_000, 100_000),
    passedMs: fc.constantFrom(0, 1, 500, 3000, 9000, 70_000, 400_000),
  });
  fc.assert(
    fc.property(fc.array(eventArbitrary, { maxLength: 40 }), (events) => {
      const { timeouts, known, join, announce } = setUp();
      const members = Array.from({ length: 8 }, () => join(0));
      let nowMs = 0;
      for (const { who, leaves, intervalMs, passedMs } of events) {
        nowMs += passedMs;
        timeouts.advance(nowMs, Infinity);
        for (const member of members) check(member, { nowMs, isKnown: known.has(member) });
        const member = members[who]!;
        if (leaves) {
          timeouts.unwatch(member);
          known.delete(member);
          member.lastSeenMs = -Infinity;
        } else announce(member, nowMs, intervalMs);
      }
    }),
    { numRuns: 300 },
  );
});

function check(member: Member, { nowMs, isKnown }: { nowMs: number; isKnown: boolean }): void {
  const patience = Math.max(member.intervalMs, hungryIntervalMs);
  const silentMs = nowMs - member.lastSeenMs;
  const about = `silent for ${silentMs} ms of ${patience}`;
  if (!isKnown) return assert.ok(silentMs > patience * forgetIntervals, about);
  if (member.hasTimedOut) assert.ok(silentMs > patience * timeoutIntervals, about);
  // It is looked at a second late, and once more to be forgotten.
  if (!member.hasTimedOut) assert.ok(silentMs <= patience * timeoutIntervals + TICK_MS, about);
  assert.ok(silentMs <= patience * forgetIntervals + 2 * TICK_MS, about);
}
