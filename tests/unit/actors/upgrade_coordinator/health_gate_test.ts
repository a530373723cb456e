import assert from "node:assert/strict";
import {
  awaitHealthy,
  bake,
  type HealthGate,
} from "../../../../actors/upgrade_coordinator/health_gate.ts";
import type { RunnerMessage, ServiceStatus } from "../../../../actors/runner/messages.ts";
import { ActorSystem, VirtualClock } from "../../../../actors/runtime/mod.ts";

const WELL: ServiceStatus = {
  wanted: "v2",
  restart: null,
  version: "v2",
  pid: 1,
  health: { ok: true },
};
const UNWELL: ServiceStatus = { ...WELL, health: { ok: false, reason: "503" } };
const GONE: ServiceStatus = { ...UNWELL, version: null, pid: null };

/** Runs a gate with a runner whose checks give these results, the last one for ever; returns the outcome. */
async function run(
  gate: (gate: HealthGate) => Promise<void>,
  checks: readonly ServiceStatus[],
  trial: { bakeMs?: number; deadlineMs?: number; successes?: number } = {},
): Promise<{ error: unknown; checksCount: number; tookMs: number }> {
  const clock = new VirtualClock();
  const system = ActorSystem.create({ name: "test", clock });
  let checksCount = 0;
  const runner = system.spawn<null, RunnerMessage>("runner", {
    name: "runner",
    init: () => null,
    receive(state, message) {
      if (message.type !== "check") return state;
      const status = checks[Math.min(checksCount++, checks.length - 1)];
      if (status !== undefined) message.replyTo.tell(status);
      return state;
    },
  });
  const { bakeMs = 1_000, deadlineMs = 1_000, successes = 2 } = trial;
  let outcome: { error: unknown; tookMs: number } | null = null;
  void gate({
    runner,
    version: "v2",
    trial: { bakeMs, health: { deadlineMs, intervalMs: 100, successes } },
    clock,
    signal: new AbortController().signal,
  }).then(() => null, (error) => error).then((error) => {
    outcome = { error, tookMs: clock.nowMs() };
  });
  for (let round = 0; outcome === null && round < 100; round++) await clock.advance(50);
  await system.stop();
  assert.ok(outcome, "the gate never ended");
  return { ...(outcome as { error: unknown; tookMs: number }), checksCount };
}

Deno.test("awaitHealthy: asks for successes in a row", async () => {
  const { error, checksCount } = await run(awaitHealthy, [UNWELL, WELL, UNWELL, WELL, WELL]);
  assert.equal(error, null);
  assert.equal(checksCount, 5);
});

Deno.test("awaitHealthy: another version's health does not count", async () => {
  const { error } = await run(awaitHealthy, [{ ...WELL, version: "v1" }]);
  assert.match(String(error), /expected v2 to be healthy within 1s, was: version v1/);
});

Deno.test("awaitHealthy: ends at the deadline with the last reason, after one check at least", async () => {
  const { error, tookMs } = await run(awaitHealthy, [UNWELL]);
  assert.match(String(error), /was: 503/);
  assert.ok(tookMs >= 1_000);
  const { checksCount } = await run(awaitHealthy, [WELL], { deadlineMs: 1, successes: 1 });
  assert.equal(checksCount, 1);
});

Deno.test("bake: forgives one failed check, not two in a row", async () => {
  assert.equal((await run(bake, [WELL, UNWELL, WELL, UNWELL, WELL])).error, null);
  assert.match(String((await run(bake, [WELL, UNWELL, UNWELL])).error), /bake time: .* was: 503/);
});

Deno.test("bake: a process that was started again has not kept running", async () => {
  const { error } = await run(bake, [WELL, { ...WELL, pid: 2 }]);
  assert.match(String(error), /expected process 1 of v2 to keep running/);
  assert.notEqual((await run(bake, [GONE, WELL])).error, null);
});

Deno.test("bake: lasts the bake time", async () => {
  const { error, tookMs } = await run(bake, [WELL], { bakeMs: 750 });
  assert.equal(error, null);
  assert.ok(tookMs >= 750);
});
