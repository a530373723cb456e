/** Tests of when a host that cannot get a release ready has failed. */

import assert from "node:assert/strict";
import {
  type Attempt,
  beginAttempt,
  describeOverdue,
  noteProblem,
  noteProgress,
  overdueMs,
} from "../../../../../actors/upgrade_coordinator/machine/attempt.ts";

const POLICY = { stallMs: 600_000 };
const BEGUN = beginAttempt({ version: "2", infoHash: null }, { nowMs: 0, wallMs: 7 });

function fetched(attempt: Attempt, progress: number, nowMs: number): Attempt {
  return noteProgress(attempt, { phase: "fetching", progress, nowMs });
}

function overdue(attempt: Attempt, nowMs: number, policy = POLICY) {
  return describeOverdue(attempt, { policy, nowMs });
}

Deno.test("describeOverdue: who makes no progress from the beginning on has failed, and says what it did", () => {
  assert.equal(overdue(BEGUN, 599_999), null);
  assert.equal(overdue(BEGUN, 600_000), "2 cannot be prepared: no progress for 10m");
  const refused = noteProblem(BEGUN, "2 is not locked in memory: the limit is 64 KiB");
  assert.equal(
    overdue(refused, 600_000),
    "2 cannot be prepared: no progress for 10m (2 is not locked in memory: the limit is 64 KiB)",
  );
});

Deno.test("describeOverdue: a large download that moves is no failure, whatever it takes", () => {
  let attempt = BEGUN;
  for (let hour = 1; hour <= 100; hour++) {
    const nowMs = hour * 300_000;
    attempt = fetched(attempt, hour / 200, nowMs);
    assert.equal(overdue(attempt, nowMs + 599_999), null);
  }
  assert.equal(
    overdue(attempt, attempt.movedMs + 600_000),
    "2 cannot be prepared: no progress for 10m (fetching at 50 %)",
  );
});

Deno.test("describeOverdue: a deadline for all of it holds whatever progress is made", () => {
  const policy = { stallMs: 600_000, deadlineMs: 900_000 };
  const moving = fetched(BEGUN, 0.5, 899_000);
  assert.equal(overdueMs(moving, policy), 900_000);
  assert.equal(overdue(moving, 899_999, policy), null);
  assert.equal(
    overdue(moving, 900_000, policy),
    "2 cannot be prepared: not ready after 15m (fetching at 50 %)",
  );
});

Deno.test("noteProgress: the same way once more is made up for once, and is no progress after that", () => {
  let attempt = fetched(BEGUN, 1, 1_000);
  attempt = noteProblem(attempt, "the content is not right");
  // Damaged files are read from the beginning, which may take long.
  attempt = fetched(fetched(attempt, 0.1, 300_000), 1, 800_000);
  assert.equal(attempt.movedMs, 800_000);
  for (let round = 1; round <= 20; round++) {
    attempt = noteProblem(attempt, "the content is not right");
    attempt = fetched(fetched(attempt, 0.1, 900_000), 1, 900_000 + round);
  }
  assert.equal(attempt.movedMs, 800_000);
  assert.match(overdue(attempt, 1_400_000) ?? "", /fetching at 100 %: the content is not right/);
});

Deno.test("noteProgress: what a failed try has been through is no progress, wherever it was seen last", () => {
  // Regression, found by the simulation: progress is told now and then, and a later try happened to be seen a little farther.
  let attempt = BEGUN;
  for (const [progress, nowMs] of [[0.8, 1_000], [0.85, 2_000], [0.99, 3_000]] as const) {
    attempt = noteProblem(fetched(attempt, progress, nowMs), "the content is not right");
  }
  assert.equal(attempt.movedMs, 2_000);
  const verifying = noteProgress(attempt, { phase: "verifying", progress: 0.1, nowMs: 4_000 });
  assert.equal(verifying.movedMs, 4_000, "no try has come so far");
});

Deno.test("noteProgress: a phase that begins is progress, and why one stands still is kept", () => {
  const fetchedAll = fetched(BEGUN, 1, 1_000);
  const verifying = noteProgress(fetchedAll, { phase: "verifying", progress: 0, nowMs: 2_000 });
  assert.equal(verifying.movedMs, 2_000);
  const paused = noteProgress(BEGUN, {
    phase: "fetching",
    progress: 0,
    problem: "the disk is full",
    nowMs: 1,
  });
  assert.match(overdue(fetched(paused, 0, 2), 600_001) ?? "", /fetching at 0 %: the disk is full/);
  assert.equal(fetched(paused, 0.1, 3).problem, null);
});
