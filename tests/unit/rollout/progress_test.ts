import assert from "node:assert/strict";
import {
  DEFAULT_POLICY,
  describeStall,
  isOverdue,
  noteProgress,
  type ProgressMark,
  type ServiceView,
  type WaveProgress,
} from "../../../rollout/mod.ts";
import { failedSlot, slot, view, wave } from "./views.ts";

const SEEN: WaveProgress = {
  service: "A",
  node: "A-0000000000",
  key: "A-0000000000 0 0 0",
  controlVersion: 0,
  readyCount: 2,
  doneCount: 1,
  preparedCount: 5,
  isSwitching: false,
  gateMs: 0,
  frozenMs: 0,
  policy: { ...DEFAULT_POLICY, progressDeadlineMs: 60_000, bakeMs: 10_000 },
};

/** The mark after these looks, one each ten seconds. */
function markAfter(...looks: readonly Partial<WaveProgress>[]): ProgressMark {
  let mark: ProgressMark | null = null;
  looks.forEach((look, index) => {
    mark = noteProgress(mark, { ...SEEN, ...look }, { nowMs: index * 10_000, gapMs: 30_000 });
  });
  assert.ok(mark);
  return mark;
}

Deno.test("noteProgress: the wait goes on while nothing brings the wave further", () => {
  assert.equal(markAfter({}, {}, {}).sinceMs, 0);
  assert.equal(markAfter({}, { readyCount: 3 }, {}).sinceMs, 10_000);
  assert.equal(markAfter({}, { doneCount: 2 }, {}).sinceMs, 10_000);
  assert.equal(markAfter({}, { preparedCount: 6 }, { preparedCount: 6 }).sinceMs, 10_000);
});

Deno.test("noteProgress: what comes and goes is no progress", () => {
  assert.equal(markAfter({}, { doneCount: 0 }, {}, { doneCount: 0 }, {}).sinceMs, 0);
  assert.equal(
    markAfter({}, { readyCount: 3 }, { readyCount: 2 }, { readyCount: 3, doneCount: 1 }).sinceMs,
    10_000,
  );
});

Deno.test("noteProgress: a change of the wave, of control or of the roster, and a long pause, begin anew", () => {
  assert.equal(markAfter({}, {}, { key: "another" }).sinceMs, 20_000);
  const mark = markAfter({}, {});
  const later = noteProgress(mark, SEEN, { nowMs: 50_000, gapMs: 30_000 });
  assert.equal(later.sinceMs, 50_000);
});

Deno.test("noteProgress: while the wave is frozen the wait does not count, and begins anew after it", () => {
  const frozen = { frozenMs: 3_600_000 };
  const mark = markAfter({}, frozen, frozen, {}, {});
  assert.equal(mark.sinceMs, 20_000);
  assert.equal(isOverdue(markAfter({}, frozen), { ...SEEN, ...frozen }, 10_000), false);
});

Deno.test("isOverdue: not while the wave may wait at its gate", () => {
  const waiting = { ...SEEN, gateMs: 600_000 };
  const mark = markAfter({});
  assert.deepEqual([isOverdue(mark, waiting, 659_999), isOverdue(mark, waiting, 660_000)], [
    false,
    true,
  ]);
});

Deno.test("isOverdue: at the deadline; with a switch under way, when that could be over as well", () => {
  const mark = markAfter({});
  assert.deepEqual([isOverdue(mark, SEEN, 59_999), isOverdue(mark, SEEN, 60_000)], [false, true]);
  const switching = { ...SEEN, isSwitching: true };
  const { health: { deadlineMs } } = DEFAULT_POLICY;
  const atMs = 60_000 + 10_000 + deadlineMs;
  assert.deepEqual(
    [isOverdue(mark, switching, atMs - 1), isOverdue(mark, switching, atMs)],
    [false, true],
  );
});

function stalled(view: ServiceView): string {
  assert.ok(view.wave);
  return describeStall(view, view.wave);
}

Deno.test("describeStall: how far it is, and up to five hosts with what keeps them, first who needs somebody", () => {
  const hosts = Array.from({ length: 8 }, (_, index) => `web-${index + 1}`);
  const text = stalled(view({
    roster: hosts,
    policy: { progressDeadlineMs: 60_000 },
    staged: ["web-1"],
    current: {
      "web-1": { waitingFor: "budget: 1 of 1 down, web-4 is offline" },
      "web-2": { version: "2" },
      "web-3": {
        preparation: { version: "2", phase: "failed", progress: 0 },
        waitingFor: "2 is not locked in memory: too large",
      },
      "web-4": null,
      "web-5": { preparation: { version: "2", phase: "fetching", progress: 0.418 } },
      "web-6": { preparation: { version: "2", phase: "fetching", progress: 0, pause: "no room" } },
      "web-7": { state: "down", waitingFor: "1 is unwell: refused" },
      "web-8": {},
    },
    slots: [failedSlot("web-8")],
  }));
  assert.equal(
    text,
    "A 2 has got no further for 1m: 3 of 8 hosts are ready, 1 serve it; web-4 is offline, " +
      "web-3 cannot prepare it (2 is not locked in memory: too large), " +
      "web-6 cannot prepare it (no room), web-8 failed (health gate), " +
      "web-7 is down (1 is unwell: refused), and 2 more",
  );
});

Deno.test("describeStall: a canary that is offline, one that holds a slot, and a host that uses the budget up", () => {
  const canary = wave({ hosts: ["web-1"] });
  assert.match(
    stalled(view({ wave: canary, current: { "web-1": null }, staged: [] })),
    /: 0 of 1 hosts are ready, 0 serve it; web-1 is offline$/,
  );
  assert.match(
    stalled(
      view({
        wave: canary,
        current: { "web-1": null },
        slots: [slot("web-1", { step: "baking" })],
      }),
    ),
    /web-1 is offline and holds a slot \(baking\)$/,
  );
  assert.match(
    stalled(view({ wave: canary, current: { "web-3": { state: "down", waitingFor: "unwell" } } })),
    /web-3 is down \(unwell\), web-1 waits$/,
  );
  assert.match(stalled(view({ wave: wave({ hosts: ["web-9"] }) })), /no host .* is on the roster$/);
  // One that an operator has left out keeps nobody.
  const skipped = failedSlot("web-1", { skipped: { by: "ann", reason: null, sinceMs: 0 } });
  assert.doesNotMatch(stalled(view({ slots: [skipped], staged: [] })), /web-1/);
});
