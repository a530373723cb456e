/**
 * One host's switch from one version to another: its steps, their order, what each of them does, and how a switch is kept
 * in the journal and in its slot. When a switch may begin is decided elsewhere.
 *
 * Every step may be taken again after a crash: it first looks at what is done already.
 *
 * @module
 */

import {
  type HostPorts,
  infoHashOf,
  NO_BLOB,
  type Releases,
  type SwitchEntry,
  type SwitchStep,
  thisHost,
} from "../../host/mod.ts";
import {
  type Current,
  DEFAULT_POLICY,
  policySchema,
  SCHEMA_VERSION,
  type Slot,
} from "../../rollout/mod.ts";
import type { ServiceConfig } from "../config/agent_config.ts";
import { type ActorLogger, type ActorRef, ask, type Clock } from "../runtime/mod.ts";
import type { RunnerMessage, RunnerOutcome, ServiceStatus } from "../runner/messages.ts";
import type { PinnerMessage } from "../pinner/messages.ts";
import { awaitHealthy, bake, type Trial } from "./health_gate.ts";
import { beginLock, lockReleases } from "./lock_releases.ts";

/** A switch that is under way. */
export interface Switch {
  readonly from: string | null;
  /** Info hash of `from`, as in {@link ReleaseIdentity}. */
  readonly fromHash?: string | null | undefined;
  readonly to: string;
  /** Info hash of `to`, as in {@link ReleaseIdentity}. */
  readonly infoHash?: string | null | undefined;
  readonly step: SwitchStep;
  /** When it began, milliseconds since the epoch. */
  readonly sinceMs: number;
  /** Whether the host holds a slot for it. A host whose service is down needs none. */
  readonly hasSlot: boolean;
  /** Name of the znode of its wave. */
  readonly wave: string | null;
  /** Why it is being rolled back. */
  readonly reason: string | null;
  /** How often the new version was started again because it was gone when the agent came back. */
  readonly restarts: number;
  /** The policy's test of a new version when the switch began: an agent that resumes it has not read the policy yet. */
  readonly trial: Trial;
}

/** What {@link takeStep} works with. */
export interface SwitchTools {
  readonly config: ServiceConfig;
  readonly store: Releases;
  /** Where hooks run. Default: on this machine. */
  readonly ports?: HostPorts | undefined;
  readonly runner: ActorRef<RunnerMessage>;
  readonly pinner: ActorRef<PinnerMessage>;
  readonly clock: Clock;
  readonly log: ActorLogger;
  readonly signal: AbortSignal;
}

/**
 * Most restarts of a new version that was gone when the agent came back. Two power cuts in one switch may be an accident; a
 * version that takes the machine down does so each time.
 */
const RESTARTS_MAX = 2;

/** A step could not be taken. */
export class SwitchError extends Error {
  /** Stable name of the error. */
  readonly code = "SWITCH";
  override readonly name = "SwitchError";
}

/** The first step of a switch: if nothing is running, nothing has to be drained and stopped. */
export function firstStep(from: string | null): SwitchStep {
  return from === null ? "pointing" : "draining";
}

/** The step after one that has succeeded; `null` after the report, which ends the switch. */
export function stepAfter(step: SwitchStep): SwitchStep | null {
  switch (step) {
    case "draining":
      return "stopping";
    case "stopping":
      return "pointing";
    case "pointing":
      return "starting";
    case "starting":
      return "checking";
    case "checking":
      return "baking";
    case "baking":
    case "rolling_back":
      return "reporting";
    case "reporting":
      return null;
  }
}

/**
 * Where a switch goes on after the agent or the whole machine was restarted: at the step that it had come to. A new version
 * that is gone is started again, and its bake time begins anew.
 */
export function resume(change: Switch, status: Pick<ServiceStatus, "wanted">): Switch {
  const { step, to, restarts } = change;
  const isOnTrial = step === "starting" || step === "checking" || step === "baking";
  if (!isOnTrial || status.wanted !== null) return change;
  // At pointing, which looks once more whether its files are as they were verified (invariant I4).
  if (restarts < RESTARTS_MAX) return { ...change, step: "pointing", restarts: restarts + 1 };
  const reason = `${to} was gone ${
    restarts + 1
  } times when the agent came back: does it take the host down?`;
  return { ...change, step: "rolling_back", reason };
}

/** Takes one step. The report is not one of them: it is made by the registrar. */
export async function takeStep(change: Switch, tools: SwitchTools): Promise<void> {
  const gate = { ...tools, trial: change.trial, version: change.to };
  switch (change.step) {
    case "draining":
      await expectIntact(change.to, { ...tools, infoHash: change.infoHash });
      // Before the service is stopped: it would be down for as long as that takes.
      await lockReleases(change, tools);
      return await drain(tools);
    case "stopping":
      return await stop(tools);
    case "pointing":
      await expectIntact(change.to, { ...tools, infoHash: change.infoHash });
      return await tools.store.switchCurrent(change.to);
    case "starting":
      await lockReleases(change, tools);
      return await start(change.to, tools);
    case "checking":
      return await awaitHealthy(gate);
    case "baking":
      return await bake(gate);
    case "rolling_back":
      return await rollBack(change, tools);
    case "reporting":
      return;
  }
}

/** The switch as an entry of the journal on the local disk. */
export function toJournal(change: Switch): SwitchEntry {
  const { step, from, to, sinceMs, hasSlot, wave, reason, restarts, trial } = change;
  const { fromHash, infoHash } = change;
  return {
    step,
    from,
    to,
    since: sinceMs,
    context: {
      hasSlot: String(hasSlot),
      restarts: String(restarts),
      trial: JSON.stringify({ bakeMs: trial.bakeMs, health: trial.health }),
      ...(fromHash === undefined ? {} : { fromHash: fromHash ?? NO_BLOB }),
      ...(infoHash === undefined ? {} : { infoHash: infoHash ?? NO_BLOB }),
      ...(wave === null ? {} : { wave }),
      ...(reason === null ? {} : { reason }),
    },
  };
}

/** The switch in an entry of the journal. */
export function fromJournal(entry: SwitchEntry): Switch {
  const { step, from, to, since, context = {} } = entry;
  return {
    step,
    from,
    fromHash: hashIn(context["fromHash"]),
    to,
    infoHash: hashIn(context["infoHash"]),
    sinceMs: since,
    hasSlot: context["hasSlot"] === "true",
    wave: context["wave"] ?? null,
    reason: context["reason"] ?? null,
    restarts: Number(context["restarts"] ?? 0),
    trial: parseTrial(context["trial"]),
  };
}

/** The trial in an entry of the journal; the default policy's if there is none that can be read. */
function parseTrial(text: string | undefined): Trial {
  try {
    return trialSchema.parse(JSON.parse(text ?? ""));
  } catch {
    return DEFAULT_POLICY;
  }
}

const trialSchema = policySchema.pick({ bakeMs: true, health: true });

/** An info hash in an entry of the journal; there is none in one of an earlier version. */
function hashIn(infoHash: string | undefined): string | null | undefined {
  return infoHash === undefined ? undefined : infoHashOf({ infoHash });
}

/** The switch as its slot shows it to other hosts. */
export function toSlot(change: Switch, host: string): Slot {
  const { from, to, infoHash, step, sinceMs, wave, reason } = change;
  return { schema: SCHEMA_VERSION, host, from, to, infoHash, step, sinceMs, wave, reason };
}

/** What the host ran before the switch, as its entry says it. */
export function releaseBefore({ from, fromHash }: Switch): Pick<Current, "version" | "infoHash"> {
  return { version: from, infoHash: fromHash };
}

/** Runs the drain hook. If it fails, the switch goes on: otherwise one bad script would stop every upgrade. */
async function drain({ config, ports = thisHost, log, signal }: SwitchTools): Promise<void> {
  if (config.drain === undefined) return;
  const hook = { type: "exec", argv: config.drain, timeoutMs: config.drainTimeout } as const;
  const result = await ports.processes.checkHealth(hook, { signal });
  if (!result.ok) log.warn("the drain hook failed, going on: {reason}", { reason: result.reason });
}

/** Undoes the drain of a service that was not stopped, if there was one. A hook that fails is told. */
export async function undrain(
  { config, ports = thisHost, log, signal }: Pick<
    SwitchTools,
    "config" | "ports" | "log" | "signal"
  >,
): Promise<void> {
  if (config.drain === undefined || config.undrain === undefined) return;
  const hook = { type: "exec", argv: config.undrain, timeoutMs: config.drainTimeout } as const;
  const result = await ports.processes.checkHealth(hook, { signal });
  if (!result.ok) log.warn("the undrain hook failed: {reason}", { reason: result.reason });
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

async function start(version: string, tools: SwitchTools): Promise<void> {
  await stopOther(version, tools);
  expectOk(`start ${version}`, await askRunner(tools, "start", version));
}

/** Stops what is running, unless it is that version. */
async function stopOther(version: string | null, tools: SwitchTools): Promise<void> {
  const status = await askStatus(tools);
  if (status.version === null || status.version !== version) await stop(tools);
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
async function rollBack({ from, trial }: Switch, tools: SwitchTools): Promise<void> {
  const { version } = await askStatus(tools);
  await stopOther(from, tools);
  if (from === null) return;
  await tools.store.switchCurrent(from);
  beginLock(from, tools);
  await start(from, tools);
  // It was not stopped, so nothing has undone the drain: the journal could not be written, or the stop has failed.
  if (version === from) await undrain(tools);
  await awaitHealthy({ ...tools, trial, version: from });
}

async function askRunner(tools: SwitchTools, what: "stop"): Promise<RunnerOutcome>;
async function askRunner(
  tools: SwitchTools,
  what: "start",
  version: string,
): Promise<RunnerOutcome>;
async function askRunner(
  tools: SwitchTools,
  what: "start" | "stop",
  version = "",
): Promise<RunnerOutcome> {
  return await ask<RunnerMessage, RunnerOutcome>(
    tools.runner,
    (replyTo) => what === "stop" ? { type: "stop", replyTo } : { type: "start", version, replyTo },
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
