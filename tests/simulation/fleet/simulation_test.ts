/**
 * The invariants over many seeds, with all faults that the protocol stands; and once per planted bug, to show that they
 * notice. `deno task simulate` makes any number of runs, and shows and replays one.
 *
 * @module
 */

import assert from "node:assert/strict";
import { FAULT_KINDS, type FaultKind } from "./faults.ts";
import type { Check } from "./invariants.ts";
import { PENDING_CHECK_NAMES, STANDING_KINDS } from "./pending.ts";
import { runScenario } from "./run.ts";
import type { Sabotage } from "./sabotage.ts";
import { drawScenario } from "./scenario.ts";
import { shrink } from "./shrink.ts";
import { runInThreads } from "./threads.ts";

/** Runs with the tests. On two processors that have nothing else to do they take some minute and a half. */
const RUNS = Number(Deno.env.get("SIMULATION_RUNS") ?? 1_000);

/** Most seeds among which a planted bug has to be found. */
const SEEDS_PER_BUG = 600;

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
  if (RUNS < 1_000) return;
  // A fault that never struck and a transaction that never happened prove nothing.
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

Deno.test("simulation: a schedule is shortened to what breaks the invariant", async () => {
  const options = { sabotage: "ephemeral_slot", skipped: PENDING_CHECK_NAMES } as const;
  for (let seed = 1; seed <= SEEDS_PER_BUG; seed++) {
    const scenario = drawScenario({ seed, kinds: STANDING_KINDS });
    const result = await runScenario(scenario, options);
    if (result.violation?.check !== "I5 stands") continue;
    const shrunk = await shrink(scenario, result, options);
    assert.equal(shrunk.result.violation?.check, "I5 stands");
    const { faults } = shrunk.scenario;
    assert.ok(faults.length < scenario.faults.length);
    for (const left of faults) {
      const others = { ...scenario, faults: faults.filter((fault) => fault !== left) };
      assert.notEqual((await runScenario(others, options)).violation?.check, "I5 stands");
    }
    const again = await runScenario(shrunk.scenario, options);
    assert.equal(again.violation?.message, shrunk.result.violation?.message);
    return;
  }
  assert.fail(`no schedule of ${SEEDS_PER_BUG} seeds breaks the invariant`);
});

/** What notices each planted bug, and the faults that bring it out. */
const NOTICED: Readonly<
  Record<Sabotage, { readonly checks: readonly Check[]; readonly kinds: readonly FaultKind[] }>
> = {
  no_counter: { checks: ["I1 concurrency", "I1 budget"], kinds: STANDING_KINDS },
  // Hosts that hear late of a pause are those that only the server can keep from going on.
  no_control_check: {
    checks: ["I6 admission", "I6 fence"],
    kinds: ["pause", "resume", "slow_network", "lag", "late_transactions"],
  },
  ephemeral_slot: { checks: ["I5 stands"], kinds: STANDING_KINDS },
};

for (const bug of Object.keys(NOTICED) as Sabotage[]) {
  const { checks, kinds } = NOTICED[bug];
  Deno.test(`simulation: notices servers with ${bug}`, async () => {
    const skipped = PENDING_CHECK_NAMES.filter((check) => !checks.includes(check));
    for (let seed = 1; seed <= SEEDS_PER_BUG; seed++) {
      const scenario = drawScenario({ seed, kinds });
      const { violation } = await runScenario(scenario, { skipped, sabotage: bug });
      if (violation === null || !checks.includes(violation.check)) continue;
      const sound = await runScenario(scenario, { skipped });
      // Without the bug the same run is sound, so that the bug is what was noticed.
      if (sound.violation === null) return;
    }
    assert.fail(`not noticed within ${SEEDS_PER_BUG} seeds`);
  });
}
