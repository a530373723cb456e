/**
 * One host's switch from one version to another: its steps and their order, and how it is kept in the journal and in its slot.
 * Pure. What each step does is in take_step.ts; when a switch may begin is decided elsewhere.
 *
 * @module
 */

import { z } from "zod";
import {
  infoHashOf,
  NO_BLOB,
  SWITCH_STEPS,
  type SwitchEntry,
  type SwitchStep,
} from "../../../host/mod.ts";
import {
  type AgentIdentity,
  type Current,
  DEFAULT_POLICY,
  type FirstWave,
  type Policy,
  policySchema,
  type ReleaseIdentity,
  SCHEMA_VERSION,
  type Slot,
  type SwitchEvent,
  type transactions,
} from "../../../rollout/mod.ts";

/** The part of the policy that a new version is tested by. A switch keeps it in its journal. */
export type Trial = Pick<Policy, "bakeMs" | "health">;

/** A switch that is under way. */
export interface Switch {
  readonly from: string | null;
  /** Info hash of `from`, as in {@link ReleaseIdentity}. */
  readonly fromHash?: string | null | undefined;
  readonly to: string;
  /** Info hash of `to`, as in {@link ReleaseIdentity}. */
  readonly infoHash?: string | null | undefined;
  /** The restarts that `from` was started by, and that `to` is to be, as in {@link ReleaseIdentity}. */
  readonly fromRestart?: string | null | undefined;
  readonly restart?: string | null | undefined;
  readonly step: SwitchStep;
  /** When it began, milliseconds since the epoch. */
  readonly sinceMs: number;
  /** Whether the host holds a slot for it. A host whose service is down needs none. */
  readonly hasSlot: boolean;
  /** Name of the znode of its wave. */
  readonly wave: string | null;
  /** Id of the rollout in whose record it is told. Default: in none. */
  readonly rollout?: string | undefined;
  /** When each step began that was taken, by the host's wall clock, milliseconds since the epoch. For the record alone. */
  readonly stepsMs?: Readonly<Partial<Record<SwitchStep, number>>>;
  /** Why it is being rolled back. */
  readonly reason: string | null;
  /** The last lines that the service had written when it failed. For the record alone. Default: none. */
  readonly lines?: readonly string[];
  /** Whether a hook is the reason: then the host goes back, and it is no failure of the version. Default: false. */
  readonly isHookFailure?: boolean;
  /**
   * Whether the service may have been told to end in it, by a life of the agent that has ended since. Then its slot stands until
   * the service is known to serve. Default: false.
   */
  readonly wasStopped?: boolean;
  /** How often the new version was started again because it was gone when the agent came back. */
  readonly restarts: number;
  /** The policy's test of a new version when the switch began: an agent that resumes it has not read the policy yet. */
  readonly trial: Trial;
}

/**
 * Most restarts of a new version that was gone when the agent came back. Two power cuts in one switch may be an accident; a
 * version that takes the machine down does so each time.
 */
const RESTARTS_MAX = 2;

/** How the journal says that a version was started by no restart. */
const NO_RESTART = "";

/** What a switch begins with besides its releases. */
interface Beginning {
  readonly policy: Trial;
  /** When it begins, milliseconds since the epoch. */
  readonly sinceMs: number;
}

/** A switch that has a slot. If nothing is running, nothing has to be drained and stopped. `wave`: `null` outside of any. */
export function newSwitch(
  from: ReleaseIdentity | null,
  to: ReleaseIdentity & { readonly version: string },
  { policy, sinceMs, wave, rollout }: Beginning & {
    readonly wave: Pick<FirstWave, "node"> | null;
    /** Id of the rollout that was started last. Default: none is known. */
    readonly rollout?: string | undefined;
  },
): Switch {
  const { bakeMs, health } = policy;
  return {
    from: from?.version ?? null,
    fromHash: from?.infoHash,
    to: to.version,
    infoHash: to.infoHash,
    fromRestart: from?.restart,
    restart: to.restart,
    step: (from?.version ?? null) === null ? "pointing" : "draining",
    sinceMs,
    hasSlot: true,
    wave: wave?.node ?? null,
    ...(rollout === undefined ? {} : { rollout }),
    reason: null,
    restarts: 0,
    trial: { bakeMs, health },
  };
}

/** The start of a version without a slot, while nothing runs. `before`: what to go back to if it does not come up. */
export function newStart(
  before: ReleaseIdentity | null,
  to: ReleaseIdentity & { readonly version: string },
  beginning: Beginning,
): Switch {
  const change = newSwitch(before, to, { ...beginning, wave: null });
  return { ...change, step: "pointing", hasSlot: false };
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

/** The switch with the time at which its step begins, unless the step has begun before and is gone on with. */
export function beginStep(change: Switch, nowMs: number): Switch {
  const { step, stepsMs = {} } = change;
  return stepsMs[step] === undefined
    ? { ...change, stepsMs: { ...stepsMs, [step]: nowMs } }
    : change;
}

/**
 * What is told of a switch that is over. `nowMs`: by the host's wall clock, which is why no step takes less than nothing, should
 * the clock be set back.
 */
export function toRecord(
  { from, to, infoHash, rollout, stepsMs = {}, reason, lines = [] }: Switch,
  { host, service, nowMs }: {
    readonly host: string;
    readonly service: string;
    readonly nowMs: number;
  },
): transactions.SwitchRecord | null {
  if (rollout === undefined) return null;
  const begun = SWITCH_STEPS.flatMap((step) => {
    const sinceMs = stepsMs[step];
    return sinceMs === undefined || step === "reporting" ? [] : [{ step, sinceMs }];
  }).sort((a, b) => a.sinceMs - b.sinceMs);
  const endMs = stepsMs.reporting ?? nowMs;
  const steps = begun.map(({ step, sinceMs }, index) => ({
    step,
    tookMs: Math.max(0, Math.round((begun[index + 1]?.sinceMs ?? endMs) - sinceMs)),
  }));
  const outcome = reason === null ? "switched" : "failed";
  const ended = {
    kind: "switch",
    service,
    host,
    from,
    to,
    infoHash,
    outcome,
    reason,
    steps,
  } as const;
  const event: SwitchEvent = {
    schema: SCHEMA_VERSION,
    ...ended,
    ...(reason === null ? {} : { lines: [...lines] }),
  };
  return { rollout, event };
}

/**
 * Where a switch goes on after the agent or the whole machine was restarted: at the step that it had come to. A new version
 * that is gone is started again, and its bake time begins anew.
 */
export function resume(change: Switch, running: string | null): Switch {
  const { step, to, restarts } = change;
  const isOnTrial = step === "starting" || step === "checking" || step === "baking" ||
    hasPassed(change);
  if (!isOnTrial || running !== null) return change;
  // At pointing, which looks once more whether its files are as they were verified (invariant I4).
  if (restarts < RESTARTS_MAX) return { ...change, step: "pointing", restarts: restarts + 1 };
  const reason = `${to} was gone ${
    restarts + 1
  } times when the agent came back: does it take the host down?`;
  return { ...change, step: "rolling_back", reason };
}

/** Whether a switch has passed its trial, and has only to be reported. */
export function hasPassed({ step, reason }: Switch): boolean {
  return step === "reporting" && reason === null;
}

/** Whether a switch has come so far that it has stopped the service, or is about to say how it has ended. */
export function hasStopped({ step }: Switch): boolean {
  return step !== "draining" && step !== "stopping";
}

/**
 * Where a switch goes on after a step that has failed: the way back, or, if there is none, the report. A way back that fails
 * is a failure, whatever has led to it.
 */
export function afterFailure(change: Switch, reason: string, isHookFailure = false): Switch {
  if (change.step === "rolling_back") {
    const both = `${change.reason ?? "failed"}; then the way back to ${
      change.from ?? "nothing"
    } failed: ${reason}`;
    const { isHookFailure: _, ...rest } = change;
    return { ...rest, step: "reporting", reason: both };
  }
  // Nothing has been stopped yet, so nothing has to be rolled back.
  const step = change.step === "draining" ? "reporting" : "rolling_back";
  return { ...change, step, reason, ...isHookFailure ? { isHookFailure } : {} };
}

/**
 * Whether the new release may have written what stands last in the service's log when a step fails. Else the old one has, and
 * that says nothing of the failure; nor does either say why a hook has failed.
 */
export function isOfNewRelease(step: Switch["step"], isHookFailure: boolean): boolean {
  return !isHookFailure && (step === "starting" || step === "checking" || step === "baking");
}

/** The switch as an entry of the journal on the local disk. */
export function toJournal(change: Switch): SwitchEntry {
  const { step, from, to, sinceMs, hasSlot, wave, reason, restarts, trial } = change;
  const { fromHash, infoHash, fromRestart, restart, isHookFailure, rollout, stepsMs, lines } =
    change;
  const { wasStopped } = change;
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
      ...(fromRestart === undefined ? {} : { fromRestart: fromRestart ?? NO_RESTART }),
      ...(restart === undefined ? {} : { restart: restart ?? NO_RESTART }),
      ...(wave === null ? {} : { wave }),
      ...(rollout === undefined ? {} : { rollout }),
      ...(stepsMs === undefined ? {} : { stepsMs: JSON.stringify(stepsMs) }),
      ...(lines === undefined ? {} : { lines: JSON.stringify(lines) }),
      ...(reason === null ? {} : { reason }),
      ...(isHookFailure === true ? { isHookFailure: "true" } : {}),
      ...(wasStopped === true ? { wasStopped: "true" } : {}),
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
    fromRestart: restartIn(context["fromRestart"]),
    restart: restartIn(context["restart"]),
    sinceMs: since,
    hasSlot: context["hasSlot"] === "true",
    wave: context["wave"] ?? null,
    ...(context["rollout"] === undefined ? {} : { rollout: context["rollout"] }),
    ...(context["stepsMs"] === undefined
      ? {}
      : { stepsMs: parse(stepsSchema, context["stepsMs"]) ?? {} }),
    ...(context["lines"] === undefined
      ? {}
      : { lines: parse(linesSchema, context["lines"]) ?? [] }),
    reason: context["reason"] ?? null,
    ...(context["isHookFailure"] === "true" ? { isHookFailure: true } : {}),
    ...(context["wasStopped"] === "true" ? { wasStopped: true } : {}),
    restarts: Number(context["restarts"] ?? 0),
    trial: parseTrial(context["trial"]),
  };
}

/** The trial in an entry of the journal; the default policy's if there is none that can be read. */
function parseTrial(text = ""): Trial {
  return parse(trialSchema, text) ?? DEFAULT_POLICY;
}

/** What stands as JSON in an entry of the journal; `null` if it cannot be read. */
function parse<T>(schema: z.ZodType<T>, text: string): T | null {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

const linesSchema = z.array(z.string());

const stepsSchema = z.partialRecord(z.enum(SWITCH_STEPS), z.number());

const trialSchema = policySchema.pick({ bakeMs: true, health: true });

/** An info hash in an entry of the journal; there is none in one of an earlier version. */
function hashIn(infoHash: string | undefined): string | null | undefined {
  return infoHash === undefined ? undefined : infoHashOf({ infoHash });
}

/** Whose switch it is. */
export type SlotOwner = AgentIdentity & { readonly host: string };

/** A restart in an entry of the journal; it is not known in one of an earlier version. */
function restartIn(restart: string | undefined): string | null | undefined {
  return restart === NO_RESTART ? null : restart;
}

/** The switch as its slot shows it to other hosts. */
export function toSlot(change: Switch, { host, agent, machine }: SlotOwner): Slot {
  const { from, to, infoHash, step, sinceMs, wave, reason } = change;
  const owner = { host, agent, machine };
  const restart = change.restart ?? undefined;
  return {
    schema: SCHEMA_VERSION,
    ...owner,
    from,
    to,
    infoHash,
    ...(restart === undefined ? {} : { restart }),
    step,
    sinceMs,
    wave,
    reason,
  };
}

/** What the host ran before the switch, as its entry says it. */
export function releaseBefore(
  { from, fromHash, fromRestart }: Switch,
): Pick<Current, "version" | "infoHash" | "restart"> {
  return { version: from, infoHash: fromHash, restart: fromRestart };
}
