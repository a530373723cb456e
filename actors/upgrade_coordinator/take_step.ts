/**
 * What each step of a switch does on this machine. Which step comes when is decided by machine/switch.ts.
 *
 * Every step may be taken again after a crash: it first looks at what is done already.
 *
 * @module
 */

import { NO_BLOB, type Releases } from "../../host/mod.ts";
import { isOtherRun } from "../../rollout/mod.ts";
import { type ActorRef, ask, type Clock } from "../runtime/mod.ts";
import type { RunnerMessage, RunnerOutcome, ServiceStatus } from "../runner/messages.ts";
import type { PinnerMessage } from "../pinner/messages.ts";
import { awaitHealthy, bake } from "./health_gate.ts";
import { type HookTools, runHook, undrain } from "./hooks.ts";
import { beginLock, lockReleases } from "./lock_releases.ts";
import type { Switch } from "./machine/switch.ts";

/** What {@link takeStep} works with. */
export interface SwitchTools extends HookTools {
  readonly store: Releases;
  readonly runner: ActorRef<RunnerMessage>;
  readonly pinner: ActorRef<PinnerMessage>;
  readonly clock: Clock;
}

/** A step could not be taken. */
export class SwitchError extends Error {
  /** Stable name of the error. */
  readonly code = "SWITCH";
  override readonly name = "SwitchError";
}

/** Takes one step. The report is not one of them: it is made by the registrar. */
export async function takeStep(change: Switch, tools: SwitchTools): Promise<void> {
  const gate = { ...tools, trial: change.trial, version: change.to };
  switch (change.step) {
    case "draining":
      return await drain(change, tools);
    case "stopping":
      return await stop(tools);
    case "pointing":
      await expectIntact(change.to, { ...tools, infoHash: change.infoHash });
      return await tools.store.switchCurrent(change.to);
    case "starting":
      await lockReleases(change, tools);
      return await startNew({ version: change.to, restart: change.restart }, tools);
    case "checking":
      return await awaitHealthy(gate);
    case "baking":
      // Before the bake time: a version that nobody asks for anything proves nothing.
      await runHook("undrain", change.to, tools);
      await bake(gate);
      return await runHook("postSwitch", change.to, tools);
    case "rolling_back":
      return await rollBack(change, tools);
    case "reporting":
      return;
  }
}

/**
 * Takes the host out of what sends it work. Nothing goes on from here if that fails, or before it: so the host is put back. A hook
 * that fails may have done half of it, and one that ran before the agent was started again has done all of it.
 */
async function drain(change: Switch, tools: SwitchTools): Promise<void> {
  const { to, from, infoHash } = change;
  try {
    await expectIntact(to, { ...tools, infoHash });
    // Before the service is stopped: it would be down for as long as that takes.
    await lockReleases(change, tools);
    await runHook("drain", to, tools);
  } catch (error) {
    await undrain(from ?? to, tools);
    throw error;
  }
}

/**
 * No release is started that has not been verified in full, or that has changed since (invariant I4), or that has other
 * content than the one that is meant.
 */
async function expectIntact(
  version: string,
  { store, infoHash }: SwitchTools & Pick<Switch, "infoHash">,
): Promise<void> {
  const expected = infoHash === undefined ? {} : { infoHash: infoHash ?? NO_BLOB };
  const found = await store.isIntact(version, expected);
  if (!found.intact) {
    throw new SwitchError(`switch to ${version}: expected it verified on disk: ${found.reason}`);
  }
}

async function stop(tools: SwitchTools): Promise<void> {
  expectOk("stop", await askRunner(tools, "stop"));
}

/** A version that runs, and the restart that it was started by; left out where any will do. */
interface Run {
  readonly version: string;
  readonly restart?: string | null | undefined;
}

async function start(run: Run, tools: SwitchTools): Promise<void> {
  await stopOther(run, tools);
  expectOk(`start ${run.version}`, await askRunner(tools, "start", run));
}

/** Starts the new version, with its hook before; if it runs already, the agent was restarted since. */
async function startNew(run: Run, tools: SwitchTools): Promise<void> {
  await stopOther(run, tools);
  if (!isRunning(await askStatus(tools), run)) await runHook("preStart", run.version, tools);
  await start(run, tools);
}

/** Stops what is running, unless it is that. */
async function stopOther(run: Run | null, tools: SwitchTools): Promise<void> {
  if (run === null || !isRunning(await askStatus(tools), run)) await stop(tools);
}

/** Whether the process that runs is that: of the version, and of no other restart. */
function isRunning({ version, restart }: ServiceStatus, run: Run): boolean {
  return version === run.version && !isOtherRun({ restart }, run);
}

async function askStatus(tools: SwitchTools): Promise<ServiceStatus> {
  return await ask<RunnerMessage, ServiceStatus>(
    tools.runner,
    (replyTo) => ({ type: "status", replyTo }),
    askOptions(tools),
  );
}

/**
 * Back to the old release, which is still on disk and, unless the machine was restarted, still locked (invariant I10). It
 * becomes the current one also if the runner refuses to start it because its files have changed: then it is repaired.
 */
async function rollBack({ from, fromRestart, trial }: Switch, tools: SwitchTools): Promise<void> {
  const before = from === null ? null : { version: from, restart: fromRestart };
  const wasRunning = before !== null && isRunning(await askStatus(tools), before);
  await stopOther(before, tools);
  if (before === null) return;
  const { version } = before;
  await tools.store.switchCurrent(version);
  beginLock(version, tools);
  await start(before, tools);
  // It was not stopped, so nothing has undone the drain: the journal could not be written, or the stop has failed.
  if (wasRunning) await undrain(version, tools);
  await awaitHealthy({ ...tools, trial, version });
  if (!wasRunning) await undrain(version, tools);
}

async function askRunner(tools: SwitchTools, what: "stop"): Promise<RunnerOutcome>;
async function askRunner(
  tools: SwitchTools,
  what: "start",
  run: Run,
): Promise<RunnerOutcome>;
async function askRunner(
  tools: SwitchTools,
  what: "start" | "stop",
  run: Run = { version: "" },
): Promise<RunnerOutcome> {
  return await ask<RunnerMessage, RunnerOutcome>(
    tools.runner,
    (replyTo) => what === "stop" ? { type: "stop", replyTo } : { type: "start", ...run, replyTo },
    askOptions(tools),
  );
}

function askOptions({ config, clock, signal }: SwitchTools) {
  // Twice, because a stop may wait for another one. A minute more for a machine that is slow.
  return { timeoutMs: 2 * config.stopGrace + 60_000, clock, signal };
}

function expectOk(action: string, outcome: RunnerOutcome): void {
  if (!outcome.ok) throw new SwitchError(`${action}: ${outcome.reason}`);
}
