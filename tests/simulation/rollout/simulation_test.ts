/**
 * Runs the simulation over many seeds, and once per rule with that rule left out, to show that the invariants notice.
 *
 * Replay one seed: `SIMULATION_SEED=17 deno test -A tests/simulation/rollout`. More of them: `SIMULATION_RUNS=10000`.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  exploreInterleavings,
  type InterleavingWorld,
} from "../../../actors/runtime/testing/mod.ts";
import type { Sabotage } from "./environment.ts";
import { type RunResult, simulate } from "./world.ts";

const RUNS = Number(Deno.env.get("SIMULATION_RUNS") ?? 300);
const ONLY_SEED = Deno.env.get("SIMULATION_SEED");

async function runSeed(world: InterleavingWorld): Promise<RunResult> {
  try {
    return await simulate(world);
  } catch (cause) {
    const replay = `SIMULATION_SEED=${world.seed} deno test -A tests/simulation/rollout`;
    throw new Error(`seed ${world.seed}: ${(cause as Error).message}\nreplay: ${replay}`, {
      cause,
    });
  }
}

Deno.test("simulation: the invariants hold under any schedule and every rollout ends", async () => {
  const seeds = ONLY_SEED === undefined ? { runs: RUNS } : { seed: Number(ONLY_SEED), runs: 1 };
  const results = await exploreInterleavings(runSeed, seeds);
  if (ONLY_SEED !== undefined) return;
  // A schedule in which nothing happens would satisfy every invariant.
  assert.ok(results.filter((result) => result.admissions > 0).length > RUNS / 2, "admissions");
  assert.ok(results.some((result) => result.isWithdrawn), "a rollout was withdrawn");
  assert.ok(results.some((result) => result.haltedCount > 0), "a rollout was halted");
  assert.ok(results.some((result) => result.leftBehindCount > 0), "a host was left behind");
});

Deno.test("simulation: the same seed gives the same run", async () => {
  const once = await exploreInterleavings(runSeed, { seed: 3, runs: 1 });
  assert.deepEqual(await exploreInterleavings(runSeed, { seed: 3, runs: 1 }), once);
});

/** Seeds in which a late write of an earlier life of a host arrives when the host's next slot has the same version. */
const LATE_STEP_SEEDS = [44_245, 107_123];

Deno.test("simulation: a late write of an old slot's step does not appear in a newer slot", async () => {
  for (const seed of LATE_STEP_SEEDS) {
    await exploreInterleavings(runSeed, { seed, runs: 1 });
    const unfenced = exploreInterleavings((world) => simulate(world, "no_step_fence"), {
      seed,
      runs: 1,
    });
    await assert.rejects(unfenced, ({ cause }: Error) => {
      // If this fails, the schedule has changed and the seed shows nothing any more: find other seeds.
      assert.match((cause as Error).message, /^I5: journal is at checking, slot at rolling_back/);
      return true;
    });
  }
});

const SABOTAGES: readonly [Sabotage, RegExp][] = [
  ["no_counter", /^I[13]:/],
  ["no_control_check", /^I6:/],
  ["ephemeral_slot", /^I[15]:/],
];

for (const [sabotage, expected] of SABOTAGES) {
  Deno.test(`simulation: notices a protocol with ${sabotage}`, async () => {
    const noticed = exploreInterleavings((world) => simulate(world, sabotage), { runs: 300 });
    await assert.rejects(noticed, ({ cause }: Error) => {
      assert.match((cause as Error).message, expected);
      return true;
    });
  });
}
