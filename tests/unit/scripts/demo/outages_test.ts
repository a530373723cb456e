import assert from "node:assert/strict";
import fc from "fast-check";
import {
  longestOutageMs,
  mostAtOnce,
  type Outage,
  type Probe,
  ProbeLog,
} from "../../../../scripts/demo/outages.ts";

function logOf(...probes: Probe[]): ProbeLog {
  const log = new ProbeLog();
  for (const probe of probes) log.add(probe);
  return log;
}

function answered(startMs: number, endMs: number, sinceMs: number, version = "v1"): Probe {
  return { startMs, endMs, answer: { version, sinceMs } };
}

function failed(startMs: number, endMs: number): Probe {
  return { startMs, endMs, answer: null };
}

Deno.test("ProbeLog is certain of an outage from the end of the first failed probe only", () => {
  const log = logOf(answered(0, 1, -9), failed(10, 15), failed(20, 21), answered(40, 41, 33));
  assert.deepEqual(log.outages(), [{ fromMs: 15, untilMs: 33 }]);
});

Deno.test("ProbeLog is not certain of anything after one failed probe of the same process", () => {
  assert.deepEqual(logOf(answered(0, 1, -9), failed(10, 15), answered(20, 21, -9)).outages(), []);
});

Deno.test("ProbeLog ends an outage of the same process at the start of the last failed probe", () => {
  const log = logOf(answered(0, 1, -9), failed(10, 15), failed(30, 35), answered(40, 41, -9));
  assert.deepEqual(log.outages(), [{ fromMs: 15, untilMs: 30 }]);
});

Deno.test("ProbeLog sees a restart between two probes", () => {
  const log = logOf(answered(0, 1, -9), answered(50, 51, 40, "v2"));
  assert.deepEqual(log.outages(), [{ fromMs: 39, untilMs: 40 }]);
});

Deno.test("ProbeLog does not count the first answer, nor failures before it, as a restart", () => {
  assert.deepEqual(logOf(failed(0, 1), answered(50, 51, 40)).outages(), []);
});

Deno.test("ProbeLog counts an outage that has not ended", () => {
  const log = logOf(answered(0, 1, -9), failed(10, 15), failed(30, 35));
  assert.deepEqual(log.outages(), [{ fromMs: 15, untilMs: 30 }]);
  assert.equal(log.answer, null);
});

Deno.test("ProbeLog remembers since when a version first ran", () => {
  const log = logOf(answered(0, 1, -9), answered(50, 51, 40, "v2"), answered(90, 91, 80, "v2"));
  assert.equal(log.firstSinceMs("v2"), 40);
  assert.equal(log.firstSinceMs("v3"), null);
  assert.deepEqual(log.answer, { version: "v2", sinceMs: 80 });
});

Deno.test("mostAtOnce counts overlaps, and not the moment where one ends and the next begins", () => {
  assert.equal(mostAtOnce([]), 0);
  assert.equal(mostAtOnce([{ fromMs: 0, untilMs: 10 }, { fromMs: 10, untilMs: 20 }]), 1);
  assert.equal(mostAtOnce([{ fromMs: 0, untilMs: 11 }, { fromMs: 10, untilMs: 20 }]), 2);
  assert.equal(mostAtOnce([{ fromMs: 0, untilMs: 99 }, { fromMs: 5, untilMs: 6 }]), 2);
});

Deno.test("mostAtOnce is what counting at every moment gives", () => {
  const outage = fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 20 })).map(([fromMs, length]) => ({
    fromMs,
    untilMs: fromMs + length,
  }));
  fc.assert(fc.property(fc.array(outage, { maxLength: 8 }), (outages) => {
    let most = 0;
    for (let moment = 0; moment <= 60; moment++) {
      const count = outages.filter(({ fromMs, untilMs }) =>
        fromMs <= moment && moment < untilMs
      ).length;
      most = Math.max(most, count);
    }
    assert.equal(mostAtOnce(outages), most);
  }));
});

Deno.test("ProbeLog never says that a service was away while it was there, however late probes are", () => {
  // One host: up, away, up again. A probe takes any time; the moment that decides lies anywhere within it.
  const probe = fc.record({ gapMs: fc.nat(30), beforeMs: fc.nat(40), afterMs: fc.nat(40) });
  fc.assert(fc.property(
    fc.array(probe, { maxLength: 30 }),
    fc.integer({ min: 1, max: 300 }),
    fc.integer({ min: 1, max: 300 }),
    (plan, goneMs, awayMs) => {
      const backMs = goneMs + awayMs;
      const log = new ProbeLog();
      let nowMs = 0;
      for (const { gapMs, beforeMs, afterMs } of plan) {
        const startMs = nowMs + gapMs;
        const decidedMs = startMs + beforeMs;
        const endMs = decidedMs + afterMs;
        nowMs = endMs;
        const isAway = decidedMs >= goneMs && decidedMs < backMs;
        const answer = { version: "v1", sinceMs: decidedMs >= backMs ? backMs : -1 };
        log.add({ startMs, endMs, answer: isAway ? null : answer });
      }
      const outages: Outage[] = log.outages();
      assert.ok(outages.length <= 1);
      for (const { fromMs, untilMs } of outages) {
        assert.ok(goneMs <= fromMs && fromMs < untilMs && untilMs <= backMs);
      }
    },
  ));
});

Deno.test("longestOutageMs is the longest one", () => {
  assert.equal(longestOutageMs([]), 0);
  assert.equal(longestOutageMs([{ fromMs: 0, untilMs: 5 }, { fromMs: 7, untilMs: 20 }]), 13);
});
