/** When members fall silent and are forgotten, without looking at all of them. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Member } from "../../../../tracker/members/members.ts";
import { defaultHandoutSettings } from "../../../../tracker/handout/handout_settings.ts";
import { MemberTimeouts } from "../../../../tracker/swarm/member_timeouts.ts";

const { hungryIntervalMs, seedIntervalMs, silentIntervals, forgottenIntervals } =
  defaultHandoutSettings;
/** A second's members are looked at when it is over. */
const TICK_MS = 1000;

function setUp(startMs = 0) {
  let looks = 0;
  const known = new Set<Member>();
  const watch = new MemberTimeouts(defaultHandoutSettings, startMs, {
    onSilent(member) {
      member.isApart = true;
    },
    onForgotten: (member) => known.delete(member),
  });
  const announce = (member: Member, nowMs: number, intervalMs: number) => {
    member.lastSeenMs = nowMs;
    member.intervalMs = intervalMs;
    member.isApart = false;
    known.add(member);
    watch.watch(member);
  };
  const join = (nowMs: number, intervalMs = hungryIntervalMs) => {
    const member = new Member({
      key: "10.0.0.1:1",
      ip: "10.0.0.1",
      port: 1,
      peerId: "-".repeat(20),
      host: undefined,
      place: undefined,
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
  return { watch, known, join, announce, takeLooks: () => [looks, looks = 0][0] };
}

Deno.test("MemberTimeouts: silent after two and a half intervals, forgotten after four", () => {
  const { watch, known, join } = setUp();
  const member = join(0);
  watch.advance(hungryIntervalMs * silentIntervals, 100);
  assert.equal(member.isApart, false);
  watch.advance(hungryIntervalMs * silentIntervals + TICK_MS, 100);
  assert.equal(member.isApart, true);
  watch.advance(hungryIntervalMs * forgottenIntervals, 100);
  assert.ok(known.has(member));
  watch.advance(hungryIntervalMs * forgottenIntervals + TICK_MS, 100);
  assert.ok(!known.has(member));
});

Deno.test("MemberTimeouts: one that is to come sooner than it was is missed sooner", () => {
  const { watch, join, announce } = setUp();
  const member = join(0, seedIntervalMs);
  announce(member, 1000, hungryIntervalMs);
  watch.advance(1000 + hungryIntervalMs * silentIntervals + TICK_MS, 100);
  assert.ok(member.isApart);
});

Deno.test("MemberTimeouts: looks at no more than it may, at those that are due, and forgets none of them", () => {
  const { watch, known, join, takeLooks } = setUp();
  for (let index = 0; index < 1000; index++) join(0);
  const others = Array.from({ length: 1000 }, () => join(0, seedIntervalMs));
  takeLooks();
  let nowMs = hungryIntervalMs * forgottenIntervals + TICK_MS;
  for (let turn = 0; turn < 210; turn++) {
    watch.advance(nowMs++, 10);
    // A look, and where to look next.
    assert.ok((takeLooks() ?? 0) <= 10 * 2, `turn ${turn}`);
  }
  assert.deepEqual(known, new Set(others));
});

Deno.test("MemberTimeouts: after a pause longer than the wheel everybody is gone within two rounds", () => {
  const { watch, known, join } = setUp(5_000_000);
  for (let index = 0; index < 50; index++) join(5_000_000 + index * 1000, seedIntervalMs);
  watch.advance(50_000_000, Infinity);
  watch.advance(50_000_000 + TICK_MS * 2, Infinity);
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
      const { watch, known, join, announce } = setUp();
      const members = Array.from({ length: 8 }, () => join(0));
      let nowMs = 0;
      for (const { who, leaves, intervalMs, passedMs } of events) {
        nowMs += passedMs;
        watch.advance(nowMs, Infinity);
        for (const member of members) check(member, { nowMs, isKnown: known.has(member) });
        const member = members[who]!;
        if (leaves) {
          watch.unwatch(member);
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
  if (!isKnown) return assert.ok(silentMs > patience * forgottenIntervals, about);
  if (member.isApart) assert.ok(silentMs > patience * silentIntervals, about);
  // It is looked at a second late, and once more to be forgotten.
  if (!member.isApart) assert.ok(silentMs <= patience * silentIntervals + TICK_MS, about);
  assert.ok(silentMs <= patience * forgottenIntervals + 2 * TICK_MS, about);
}
