/**
 * Runs the simulation over many seeds, and once per rule with that rule left out, to show that the invariants notice.
 *
 * Replay one seed: `SIMULATION_SEED=17 deno test -A tests/simulation`. More of them: `SIMULATION_RUNS=10000`.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Sabotage } from "./environment.ts";
import { type RunResult, World } from "./world.ts";

const RUNS = Number(Deno.env.get("SIMULATION_RUNS") ?? 300);
const ONLY_SEED = Deno.env.get("SIMULATION_SEED");

function runSeed(seed: number): RunResult {
  try {
    return new World(seed).run();
  } catch (cause) {
    const replay = `SIMULATION_SEED=${seed} deno test -A tests/simulation`;
    throw new Error(`seed ${seed}: ${(cause as Error).message}\nreplay: ${replay}`, { cause });
  }
}

Deno.test("simulation: the invariants hold under any schedule and every rollout ends", () => {
  const seeds = ONLY_SEED === undefined
    ? Array.from({ length: RUNS }, (_, index) => index + 1)
    : [Number(ONLY_SEED)];
  const results = seeds.map(runSeed);
  if (ONLY_SEED !== undefined) return;
  // A schedule in which nothing happens would hold every invariant.
  assert.ok(results.filter((result) => result.admissions > 0).length > RUNS / 2, "admissions");
  assert.ok(results.some((result) => result.isWithdrawn), "a rollout was withdrawn");
  assert.ok(results.some((result) => result.haltedCount > 0), "a rollout was halted");
  assert.ok(results.some((result) => result.leftBehindCount > 0), "a host was left behind");
});

Deno.test("simulation: the same seed gives the same run", () => {
  assert.deepEqual(runSeed(3), runSeed(3));
});

const SABOTAGES: readonly [Sabotage, RegExp][] = [
  ["no_counter", /^I[13]:/],
  ["no_control_check", /^I6:/],
  ["ephemeral_slot", /^I[15]:/],
];

for (const [sabotage, expected] of SABOTAGES) {
  Deno.test(`simulation: notices a protocol with ${sabotage}`, () => {
    for (let seed = 1; seed <= 300; seed++) {
      try {
        new World(seed, sabotage).run();
      } catch (error) {
        assert.match((error as Error).message, expected);
        return;
      }
    }
    assert.fail(`${sabotage}: expected a violation within 300 seeds, was none`);
  });
}
