/**
 * Runs a switch from its first step to its report. Each step is written to the journal and to the slot before it is taken,
 * so that after a crash at any step the switch is resumed or rolled back, and no step is repeated blindly.
 *
 * @module
 */

import { reasonOf } from "../../base/reason.ts";
import { thisHost } from "../../host/mod.ts";
import { type Current, EVENT_LINES_MAX } from "../../rollout/mod.ts";
import type { EntryPatch, ReportOutcome } from "../registrar/messages.ts";
import {
  type Deps,
  healthPatch,
  holdBack,
  setWaitingFor,
  showHeldBack,
  type State,
} from "./state.ts";
import { putBack, switchHookTools } from "./drain.ts";
import { lookAfter, lookAfterReport } from "./look.ts";
import { type Phase, switchOf } from "./machine/phase.ts";
import {
  afterFailure,
  beginStep,
  isOfNewRelease,
  releaseBefore,
  stepAfter,
  type Switch,
  toJournal,
  toRecord,
  toSlot,
} from "./machine/switch.ts";
import { HookError } from "./hooks.ts";
import { withStep } from "./machine/drain.ts";
import { readTree } from "./read_tree.ts";
import { takeStep } from "./take_step.ts";
import { lookAgain, noteEnd } from "./trouble.ts";

/** Progress of a switch at the beginning of each step, 0 to 1. */
const PROGRESS: Readonly<Record<Switch["step"], number>> = {
  draining: 0,
  stopping: 0.15,
  pointing: 0.3,
  starting: 0.4,
  checking: 0.5,
  baking: 0.7,
  reporting: 0.95,
  rolling_back: 0.5,
};

/** How long a report may take. The transaction takes milliseconds, but the connection may have to be made again. */
const REPORT_TIMEOUT_MS = 30_000;

/** Time before a report that has failed is made again. It is retried for ever, because the slot is held until then. */
const REPORT_RETRY_MS = 1_000;

/**
 * How much longer than others a switch waits for its next try that a hook has ended: 60 s, and half an hour at most. Each
 * may have the host stop its service, and somebody has to mend the hook.
 */
const HOOK_PACE = 30;

/** Begins a switch, or resumes one that a crash has interrupted. */
export function beginSwitch(state: State, change: Switch, deps: Deps): State {
  const { options, context } = deps;
  context.log.info("{service}: switches from {from} to {to}, at {step}", {
    service: options.service,
    from: change.from ?? "nothing",
    to: change.to,
    step: change.step,
  });
  state.predecessor = null;
  return runStep(state, change, deps);
}

/** The phase that a switch is in when a step of it begins. */
function phaseOf(change: Switch): Phase {
  switch (change.step) {
    case "draining":
      return { kind: "draining", change, at: "drain" };
    case "reporting":
      return { kind: "reporting", change, problem: null };
    default:
      return { kind: "switching", change };
  }
}

/** Begins the current step of a switch. */
function runStep(state: State, begun: Switch, deps: Deps): State {
  const { options, context } = deps;
  const change = beginStep(begun, context.clock.wallTimeMs());
  state.phase = phaseOf(change);
  const isAway = change.step !== "draining" && change.step !== "reporting";
  const patch: EntryPatch = {
    preparation: { version: change.to, phase: "switching", progress: PROGRESS[change.step] },
    waitingFor: `switching to ${change.to}: ${change.step.replace("_", " ")}`,
    // The old version, down: the new version counts only after its bake time.
    ...(isAway ? { ...releaseBefore(change), state: "down" } : healthPatch(state)),
  };
  // The step in the slot is for other hosts and people to read. Only the journal matters for a resume, so nobody waits for it.
  // A slot is taken as one that drains. To write that once more might come after the fence, which writes the next step.
  const isShown = change.hasSlot && change.step !== "draining" && change.step !== "reporting";
  const slot = isShown ? toSlot(change, options) : null;
  options.registrar.tell({ type: "update", service: options.service, patch, slot });
  if (change.step === "reporting") {
    if (change.reason === null) {
      state.trouble = null;
      noteEnd(state, deps);
    }
    return report(state, change, deps);
  }
  if (options.config.undrain !== undefined) {
    state.drain = withStep(state.drain, change.step, state.isDrained);
  }

  const { journal } = state;
  context.pipeToSelf(
    async (signal) => {
      // A roll back goes on even if the disk is full.
      if (change.step === "rolling_back") writeJournal(state, change, deps);
      else journal.write(toJournal(change));
      await takeStep(change, {
        ...switchHookTools(state, signal, deps),
        store: options.store,
        runner: options.runner,
        pinner: options.pinner,
        clock: context.clock,
      });
    },
    {
      ok: () => ({ type: "step_taken", change }),
      error: (error) => ({ type: "step_failed", change, error }),
    },
    { key: "step" },
  );
  return state;
}

/** Handles a step that has succeeded. */
export function onStepTaken(state: State, change: Switch, deps: Deps): State {
  const { phase } = state;
  if (switchOf(phase) !== change) return state;
  if (phase.kind === "draining") {
    state.phase = { ...phase, at: "fence" };
    return readTree(state, deps);
  }
  const next = stepAfter(change.step);
  return next === null ? state : runStep(state, { ...change, step: next }, deps);
}

/** Handles the answer of the fence: stops the service, or reads the tree again. */
export function onFenceAnswer(
  state: State,
  { change, isPassed }: { readonly change: Switch; readonly isPassed: boolean },
  deps: Deps,
): State {
  const { phase } = state;
  if (phase.kind !== "draining" || phase.change !== change) return state;
  state.phase = { ...phase, at: "fence" };
  if (!isPassed) {
    state.isFreshNeeded = true;
    return readTree(state, deps);
  }
  return runStep(state, { ...change, step: "stopping" }, deps);
}

/** Handles a step that has failed: rolls back, or, if the roll back has failed, reports that. */
export function onStepFailed(
  state: State,
  failed: { change: Switch; error: unknown },
  deps: Deps,
): State {
  const { change, error } = failed;
  if (switchOf(state.phase) !== change) return state;
  const { options, context } = deps;
  const { store, ports: { processes } = thisHost } = options;
  const reason = reasonOf(error);
  context.log.error("{service}: {step} of {to} failed: {reason}", {
    service: options.service,
    step: change.step,
    to: change.to,
    reason,
  });
  const isHookFailure = error instanceof HookError;
  const next = afterFailure(change, reason, isHookFailure);
  // Read now: the release that is started again writes into the same log. The first failure is what people want to know of.
  const lines = change.lines ??
    (isOfNewRelease(change.step, isHookFailure)
      ? processes.lastLines(store.layout.serviceLog, EVENT_LINES_MAX)
      : []);
  return runStep(state, { ...next, lines }, deps);
}

/** Writes to the journal. If that fails, a crash before the next step repeats this one, which does no harm. */
function writeJournal(state: State, change: Switch, { options, context }: Deps): void {
  try {
    state.journal.write(toJournal(change));
  } catch (error) {
    context.log.error("{service}: the journal of the switch cannot be written: {error}", {
      service: options.service,
      error,
    });
  }
}

/** Makes the report that ends the switch; {@link onReported} handles its outcome. */
export function report(state: State, change: Switch, deps: Deps): State {
  const { options, context } = deps;
  writeJournal(state, change, deps);
  const { service, registrar } = options;
  if (change.reason !== null && !change.hasSlot) {
    registrar.tell({ type: "update", service, patch: outcomePatch(state, change) });
    context.self.tell({ type: "report_answer", outcome: { ok: true, halted: false } });
    return state;
  }
  context.ask<Parameters<typeof registrar.tell>[0], ReportOutcome>(
    registrar,
    (replyTo) => ({
      type: "report",
      service,
      patch: outcomePatch(state, change),
      slot: toSlot(change, options),
      holdsSlot: change.hasSlot,
      places: state.place === undefined ? null : state.place === null ? [] : [state.place.node],
      // A hook that fails says nothing about the version: the slot goes back, and nobody else is halted.
      isFailure: change.reason !== null && change.isHookFailure !== true,
      record: toRecord(change, { host: options.host, service, nowMs: context.clock.wallTimeMs() }),
      replyTo,
    }),
    {
      timeoutMs: REPORT_TIMEOUT_MS,
      ok: (outcome) => ({ type: "report_answer", outcome }),
      error: (error) => ({ type: "report_answer", outcome: { ok: false, reason: error.message } }),
    },
  );
  return state;
}

/** Handles the outcome of a report: ends the switch, or tries again later. */
export function onReported(state: State, outcome: ReportOutcome, deps: Deps): State {
  const { options, context } = deps;
  const { phase } = state;
  if (phase.kind !== "reporting") return state;
  const { change } = phase;
  if (!outcome.ok) {
    // Logged once for each reason, because it is tried every second for as long as ZooKeeper is away.
    if (phase.problem !== outcome.reason) {
      context.log.warn("{service}: report not made yet, tried again until it is: {reason}", {
        service: options.service,
        reason: outcome.reason,
      });
    }
    state.phase = { ...phase, problem: outcome.reason };
    setWaitingFor(`the report that ends the switch is not made yet: ${outcome.reason}`, deps);
    context.timers.after("report", REPORT_RETRY_MS, { type: "report_due" });
    return state;
  }
  state.journal.clear();
  state.phase = { kind: "idle" };
  // The report takes the host out of the queue. A start without a slot that has failed is reported to nobody.
  if (change.hasSlot || change.reason === null) state.place = null;
  if (change.reason === null) {
    context.log.info("{service}: runs {to}", { service: options.service, to: change.to });
    state.lastFailed = null;
    state.unstarted = null;
    state.hasRejoined = true;
    state.ranSinceMs = context.clock.nowMs();
    if (state.trouble === null) lookAgain(state, change.trial, deps);
    // The bake time is over, so the old release may be unlocked. It stays on disk, for a roll back without the network.
    options.pinner.tell({ type: "keep", versions: [change.to] });
    const before = change.from === change.to ? null : change.from;
    options.fetcher.tell({
      type: "keep",
      // The version that ran before is kept first: a newer one on the disk may be a version that failed.
      versions: before === null ? [change.to] : [change.to, before],
      others: before === null ? options.config.keepReleases : options.config.keepReleases - 1,
    });
  } else {
    if (outcome.halted) {
      context.log.error("{service}: the rollout is halted, since {to} failed here", {
        service: options.service,
        to: change.to,
      });
    }
    state.prepared = null;
    const pace = change.isHookFailure === true ? HOOK_PACE : 1;
    const delayMs = holdBack(state, change.to, { ...deps, pace });
    const again = change.isHookFailure === true
      ? ` (next try after ${Math.round(delayMs / 1000)} s)`
      : "";
    showHeldBack(state, `${change.to} failed here: ${change.reason}${again}`, deps);
  }
  // The service's status may have changed while the report was under way.
  const health = healthPatch(state);
  options.registrar.tell({ type: "update", service: options.service, patch: health });
  // Nobody else brings up a service that has ended meanwhile.
  const isServing = health.state === "serving";
  // Of what runs now, a drained host has its hook still to run, as has one whose switch could not put it back; and what has ended
  // meanwhile is to be recorded.
  const isOut = state.isDrained || state.drain.isLeftOut;
  const isSettled = isServing && !isOut && state.trouble === null;
  if (change.reason !== null || change.wave === null || !isSettled) lookAfter(0, deps);
  else if (state.isNewcomer && state.drain.putBackBy === null) putBack(deps);
  else lookAfterReport(state, deps);
  return state;
}

function outcomePatch(state: State, change: Switch): EntryPatch {
  if (change.reason === null) {
    // The old release is unlocked with this report.
    const pinnedBytes = state.locked.get(change.to) ?? 0;
    return { ...healthPatch(state), pinnedBytes, preparation: null, waitingFor: null };
  }
  const failed: Current["preparation"] = { version: change.to, phase: "failed", progress: 0 };
  return {
    ...healthPatch(state),
    preparation: failed,
    waitingFor: `${change.to} failed here: ${change.reason}`,
  };
}
