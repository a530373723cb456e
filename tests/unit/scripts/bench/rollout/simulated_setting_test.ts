import assert from "node:assert/strict";
import { ours } from "../../../../../scripts/bench/rollout/contenders/ours.ts";
import { DidNotComplete } from "../../../../../scripts/bench/rollout/did_not_complete.ts";
import { measure } from "../../../../../scripts/bench/rollout/measure.ts";
import { SimulatedSetting } from "../../../../../scripts/bench/rollout/simulated_setting.ts";

const OPTIONS = {
  hostCount: 4,
  settleMs: 3_000,
  idleMs: () => 60_000,
  limitMs: () => 600_000,
};

async function run(realLimitMs: number) {
  const setting = new SimulatedSetting();
  return await setting.run(() => measure(ours, setting, OPTIONS), { realLimitMs });
}

Deno.test("SimulatedSetting: a rollout takes one host after the other, and is counted the same each time", async () => {
  const outcome = await run(60_000);
  assert.equal(outcome.handoversMs.length, OPTIONS.hostCount - 1);
  assert.ok(outcome.handoversMs.every((ms) => ms > 0), `${outcome.handoversMs}`);
  assert.ok(outcome.rollout.operations >= OPTIONS.hostCount, `${outcome.rollout.operations}`);
  assert.ok(outcome.rollout.notifications > 0);
  assert.deepEqual(await run(60_000), outcome);
});

Deno.test("SimulatedSetting: what takes too long did not complete", async () => {
  await assert.rejects(
    run(0),
    (error) => error instanceof DidNotComplete && / 0 v1 /.test(error.message),
  );
});
