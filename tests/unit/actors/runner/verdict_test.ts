import assert from "node:assert/strict";
import {
  type CheckRow,
  FOUND_RUNNING,
  type HealthThresholds,
  judge,
  NO_CHECKS,
  withCheck,
} from "../../../../actors/runner/verdict.ts";
import type { HealthResult } from "../../../../host/mod.ts";

const WELL: HealthResult = { ok: true };
const UNWELL: HealthResult = { ok: false, reason: "not running" };
const THRESHOLDS: HealthThresholds = {
  failureThreshold: 2,
  successThreshold: 1,
  minHealthyTime: 0,
};

/** What checks, one a second, make of a health: `+` has passed, `-` has failed; `1` is well, `0` unwell. */
function verdicts(
  checks: string,
  { health = UNWELL, row = NO_CHECKS, ...thresholds }:
    & Partial<HealthThresholds>
    & { health?: HealthResult; row?: CheckRow } = {},
): string {
  let nowMs = 0;
  return [...checks].map((check) => {
    nowMs += 1_000;
    const result: HealthResult = check === "+" ? WELL : { ok: false, reason: `at ${nowMs}` };
    row = withCheck(row, result.ok, nowMs);
    health = judge(health, result, { row, thresholds: { ...THRESHOLDS, ...thresholds }, nowMs });
    return health.ok ? "1" : "0";
  }).join("");
}

Deno.test("judge: one failed check in between decides nothing, as many as the threshold do", () => {
  assert.equal(verdicts("+-+--+"), "111101");
  assert.equal(verdicts("+--+---", { failureThreshold: 3 }), "1111110");
  assert.equal(verdicts("+-", { failureThreshold: 1 }), "10");
});

Deno.test("judge: who is not well counts as well after as many passed checks in a row", () => {
  assert.equal(verdicts("+-++", { successThreshold: 2 }), "0001");
  assert.equal(verdicts("+++", { successThreshold: 3 }), "001");
});

Deno.test("judge: who is not well counts as well when it has passed its checks for long enough", () => {
  assert.equal(verdicts("++++", { minHealthyTime: 3_000 }), "0001");
  assert.equal(verdicts("+++-++++", { minHealthyTime: 3_000 }), "00000001");
  const row = withCheck(NO_CHECKS, true, 0);
  const thresholds = { ...THRESHOLDS, minHealthyTime: 3_000 };
  const health = judge(UNWELL, WELL, { row, thresholds, nowMs: 0 });
  assert.match(JSON.stringify(health), /passes its health check, .* when it has for 3 s/);
});

Deno.test("judge: of what was found running the first check alone decides", () => {
  const thresholds = { successThreshold: 5, minHealthyTime: 60_000, failureThreshold: 5 };
  assert.equal(verdicts("+", { row: FOUND_RUNNING, ...thresholds }), "1");
  assert.equal(verdicts("-+", { row: FOUND_RUNNING, ...thresholds }), "00");
});

Deno.test("judge: the reason is that of the last check", () => {
  const row = withCheck(NO_CHECKS, false, 0);
  const check: HealthResult = { ok: false, reason: "refused" };
  assert.equal(judge(UNWELL, check, { row, thresholds: THRESHOLDS, nowMs: 0 }), check);
});
