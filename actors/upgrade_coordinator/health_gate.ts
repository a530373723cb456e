/**
 * The health gate: a version that was just started counts as good when it was healthy several times in a row, and then
 * stayed healthy for the bake time.
 *
 * @module
 */

import { formatDurationMs } from "../../base/duration.ts";
import { type ActorRef, ask, type Clock, sleep } from "../runtime/mod.ts";
import type { RunnerMessage, ServiceStatus } from "../runner/messages.ts";
import type { Trial } from "./machine/switch.ts";

/** A version has not passed the health gate. */
export class HealthGateError extends Error {
  /** Stable name of the error. */
  readonly code = "HEALTH_GATE";
  override readonly name = "HealthGateError";
}

/** What the health gate works with. */
export interface HealthGate {
  readonly runner: ActorRef<RunnerMessage>;
  readonly version: string;
  readonly trial: Trial;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** How long the runner may take. A check has its own time-out of at most ten minutes; this is for a runner that hangs. */
const CHECK_TIMEOUT_MS = 11 * 60_000;

/** Failed checks in a row that are tolerated during the bake time: a single one may be an accident of the check. */
const BAKE_FAILURES_MAX = 1;

/**
 * Waits until the service is healthy.
 *
 * @throws {HealthGateError} when it is not by the policy's deadline.
 */
export async function awaitHealthy(gate: HealthGate): Promise<void> {
  const { trial: { health }, clock, signal } = gate;
  const startedMs = clock.nowMs();
  let successes = 0;
  for (;;) {
    const status = await checkOnce(gate);
    successes = isGood(status, gate.version) ? successes + 1 : 0;
    if (successes >= health.successes) return;
    // The deadline bounds the loop. It is compared after a check, so that there is at least one.
    if (clock.nowMs() - startedMs >= health.deadlineMs) {
      throw new HealthGateError(
        `health gate: expected ${gate.version} to be healthy within ${
          formatDurationMs(health.deadlineMs)
        }, was: ${describe(status)}`,
      );
    }
    await sleep(clock, health.intervalMs, { signal });
  }
}

/**
 * Watches the service for the bake time.
 *
 * @throws {HealthGateError} when its process ends, or its check fails twice in a row.
 */
export async function bake(gate: HealthGate): Promise<void> {
  const { trial: { bakeMs, health }, clock, signal } = gate;
  const startedMs = clock.nowMs();
  const { pid } = await checkOnce(gate);
  let failures = 0;
  for (;;) {
    const leftMs = bakeMs - (clock.nowMs() - startedMs);
    if (leftMs <= 0) return;
    await sleep(clock, Math.min(leftMs, health.intervalMs), { signal });
    const status = await checkOnce(gate);
    failures = isGood(status, gate.version) ? 0 : failures + 1;
    if (failures > BAKE_FAILURES_MAX) {
      throw new HealthGateError(
        `bake time: expected ${gate.version} to stay healthy, was: ${describe(status)}`,
      );
    }
    if (status.pid !== pid) {
      throw new HealthGateError(
        `bake time: expected process ${pid} of ${gate.version} to keep running, it ended`,
      );
    }
  }
}

/** Checks the service now, whatever was known of it. */
export async function checkOnce(
  { runner, clock, signal }: Pick<HealthGate, "runner" | "clock" | "signal">,
): Promise<ServiceStatus> {
  return await ask<RunnerMessage, ServiceStatus>(
    runner,
    (replyTo) => ({ type: "check", replyTo }),
    {
      timeoutMs: CHECK_TIMEOUT_MS,
      signal,
      clock,
    },
  );
}

function isGood(status: ServiceStatus, version: string): boolean {
  return status.version === version && status.health.ok;
}

function describe(status: ServiceStatus): string {
  if (status.version === null) return status.health.ok ? "not running" : status.health.reason;
  return status.health.ok ? `version ${status.version}` : status.health.reason;
}
