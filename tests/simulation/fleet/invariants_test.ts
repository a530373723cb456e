/**
 * What the invariants must not take for a violation. Each test is a small run of what a check once got wrong; that the checks
 * notice what is wrong is shown by `planted/`.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Fault, FaultKind } from "./faults.ts";
import { type RunResult, runScenario } from "./run.ts";
import type { Scenario } from "./scenario.ts";

/** Runs a fleet of two hosts and one service, with these faults. */
async function run(faults: readonly Fault[]): Promise<RunResult> {
  const hosts = ["web-1", "web-2"].map((name) => ({
    name,
    rack: "r1",
    labels: {},
    services: ["A"],
    wallSkewMs: 0,
  }));
  const scenario: Scenario = {
    seed: 1,
    serverCount: 1,
    hosts,
    services: [{
      name: "A",
      dependsOn: [],
      isBakedAfter: false,
      hasBlob: true,
      isPinned: false,
      hasDrain: false,
      health: {
        failureThreshold: 2,
        successThreshold: 1,
        minHealthyTime: 0,
        restartAfterFailedChecks: undefined,
      },
      policy: {
        quorum: 1,
        maxUnavailable: 1,
        maxConcurrent: 1,
        maxFailures: 0,
        bakeTime: 500,
        progressDeadline: 120_000,
        health: { deadline: 20_000, interval: 200, successes: 1 },
      },
      canary: null,
      waves: null,
      frozen: null,
    }],
    isParallel: false,
    onFailure: "halt",
    maxFailures: null,
    ignoresFreeze: false,
    adminSkewMs: 0,
    faults,
  };
  return await runScenario(scenario);
}

function fault(kind: FaultKind, fields: Partial<Fault>): Fault {
  const rest = { forMs: 0, amount: 0, host: "web-1", service: "A", isOther: false };
  return { kind, atMs: 0, ...rest, ...fields };
}

Deno.test("invariants: a host is not judged by a machine that is cut off while its clone has the name", async () => {
  const cloned = { atMs: 5_000, forMs: 60_000, isOther: true };
  const { violation, transactions, lines } = await run([
    fault("clone", { ...cloned, host: "web-1" }),
    fault("clone", { ...cloned, host: "web-2" }),
    fault("restart", { atMs: 30_000 }),
    // So that the faults last until the restart is over.
    fault("keeper_death", { atMs: 55_000 }),
  ]);
  assert.equal(violation, null);
  const stopped = lines.filter(({ what }) => what === "A: v2 is stopped").map(({ place }) => place);
  assert.deepEqual(stopped.slice(0, 2).toSorted(), ["web-1-clone", "web-2-clone"]);
  assert.equal(transactions.get("restart finished"), 1);
});

Deno.test("invariants: a host whose network is slow does not count as silent", async () => {
  const { violation, transactions } = await run([
    fault("slow_network", { atMs: 9_000, forMs: 20_000, amount: 1_900, host: "web-2" }),
    fault("rollback", { atMs: 10_000 }),
    // So that the faults last until the rollback is over.
    fault("keeper_death", { atMs: 55_000 }),
  ]);
  assert.equal(violation, null);
  assert.equal(transactions.get("wave finished"), 3);
});
