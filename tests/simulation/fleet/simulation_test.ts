/** Runs the real actors, client and server over many seeds, each in a time of its own. */

import assert from "node:assert/strict";
import { runScenario } from "./run.ts";
import { drawScenario } from "./scenario.ts";

Deno.test("fleet: without faults every rollout ends, and the invariants hold", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { violation } = await runScenario(drawScenario({ seed, kinds: [] }));
    assert.equal(violation, null, `seed ${seed}: ${violation?.message}`);
  }
});

Deno.test("fleet: the same seed gives the same run", async () => {
  const once = await runScenario(drawScenario({ seed: 3, kinds: [] }));
  assert.deepEqual(await runScenario(drawScenario({ seed: 3, kinds: [] })), once);
});
