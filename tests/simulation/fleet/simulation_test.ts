/**
 * The invariants over many seeds, with all faults that the protocol stands. `deno task simulate` makes any number of runs,
 * and shows and replays one; that the invariants notice when something is wrong is shown by `planted/`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { FAULT_KINDS } from "./faults.ts";
import { PENDING_CHECK_NAMES, STANDING_KINDS } from "./pending.ts";
import { runScenario } from "./run.ts";
import { drawScenario } from "./scenario.ts";
import { runInThreads } from "./threads.ts";

/** Runs with the tests. On two processors that have nothing else to do they take some minute and a half. */
const RUNS_USUAL = 2_000;
const RUNS = Number(Deno.env.get("SIMULATION_RUNS") ?? RUNS_USUAL);

function seedsFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

Deno.test("simulation: without faults every rollout ends, and the invariants hold", async () => {
  const { violations } = await runInThreads({ seeds: seedsFrom(1, 20), kinds: [] }, 1);
  assert.deepEqual([...violations], []);
});

Deno.test("simulation: the invariants hold under any schedule and every rollout ends", async () => {
  const { figures, violations } = await runInThreads(
    { seeds: seedsFrom(1, RUNS), kinds: STANDING_KINDS, skipped: PENDING_CHECK_NAMES },
    navigator.hardwareConcurrency,
  );
  const [first] = violations;
  assert.equal(
    first,
    undefined,
    `${violations.size} seeds break an invariant, the first is ${first?.[0]}: ${first?.[1]}\n` +
      `replay: deno task simulate --seeds 1 --seed ${first?.[0]}`,
  );
  if (RUNS < RUNS_USUAL) return;
  // A fault that never struck and a transaction that never happened prove nothing; nor does a large fleet that never was.
  const isLarge = (seed: number) => drawScenario({ seed, kinds: [] }).hosts.length >= 200;
  assert.ok(seedsFrom(1, RUNS).filter(isLarge).length > 1, "large fleets");
  for (const kind of STANDING_KINDS) assert.ok((figures.faults[kind] ?? 0) > 10, `${kind} struck`);
  for (
    const transaction of [
      "slot taken",
      "slot given back",
      "slot failed",
      "wave finished",
      "wave aborted",
      "version committed",
      "control halted",
      "control paused",
      "host expired",
      "host forgotten",
      "step rolling_back",
    ]
  ) assert.ok((figures.transactions[transaction] ?? 0) > 10, transaction);
});

Deno.test("simulation: the same seed gives the same run", async () => {
  for (const seed of [3, 17, 96]) {
    const scenario = drawScenario({ seed, kinds: FAULT_KINDS });
    const once = await runScenario(scenario);
    assert.ok(once.lines.length > 20);
    assert.deepEqual(await runScenario(scenario), once);
  }
});
