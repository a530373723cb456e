/**
 * The upgrade coordinator: takes one service of this host through its upgrades. It works in a loop: read the tree, decide
 * by the rules of `rollout/` (decide.ts), make one change, read again. A decision prepares a release (preparation.ts,
 * prepare.ts), joins the staging queue (staging_queue.ts), takes a slot, or ends a wave; a slot begins a switch, whose
 * steps are in switch.ts and whose course from the first step to its report is in run_switch.ts. Readings are advice:
 * every decision is enforced by a transaction.
 *
 * @module
 */

import { reasonOf } from "../../base/reason.ts";
import {
  CONTROL,
  DEPLOY,
  EntryError,
  isSameRelease,
  type Preparation,
  servicePath,
} from "../../rollout/mod.ts";
import { hasCode } from "../../zookeeper/mod.ts";
import type { ActorDefinition } from "../runtime/mod.ts";
import type { HealthEvent } from "../runner/messages.ts";
import type { PinnedEvent } from "../pinner/messages.ts";
import { OverdueError } from "../session/in_time.ts";
import type { SessionEvent } from "../session/session.ts";
import { decide } from "./decide.ts";
import { noteLeftOut, onHookRun } from "./drain.ts";
import type { CoordinatorMessage, CoordinatorOptions } from "./messages.ts";
import {
  type Deps,
  firstState,
  healthPatch,
  holdBack,
  lockedBytes,
  setWaitingFor,
  shorten,
  showHeldBack,
  type State,
  type TreeProblems,
} from "./state.ts";
import { onGateCheckDue, onGateChecked } from "./gate.ts";
import { isForUsFirst, lookAfter, lookAfterOwnEntry } from "./look.ts";
import { noteProblem, noteProgress } from "./machine/attempt.ts";
import { afterActing, interruptedSwitch, switchOf } from "./machine/phase.ts";
import { hasStopped, releaseBefore, type Switch } from "./machine/switch.ts";
import { onQueueAnswer } from "./queue_answer.ts";
import { readTree } from "./read_tree.ts";
import { forgetWatch } from "./staging_queue.ts";
import {
  beginSwitch,
  onFenceAnswer,
  onReported,
  onStepFailed,
  onStepTaken,
  report,
} from "./run_switch.ts";
import { onRecorded } from "./record_failure.ts";
import { noteEnd, noteTrouble } from "./trouble.ts";
import { storedRelease } from "./stored_release.ts";
import { awaitReading, startAlone, stopAwaitingReading } from "./start_alone.ts";

/** Time before the tree is read again after a reading or a change has failed. */
const AFTER_ERROR_MS = 1_000;

/** Least time between two records of problems with the tree: whoever writes it must not fill the log. */
const PROBLEM_GAP_MS = 10_000;

/** How long readings may fail with the connection until that is told, in ms: a server that is left for another one takes less. */
const UNREAD_MS = 10_000;

/** Failures of the connection rather than of the tree: the session actor tells of those. */
const CONNECTION_CODES = [
  "CONNECTION_LOSS",
  "SESSION_EXPIRED",
  "SESSION_MOVED",
  "OPERATION_TIMEOUT",
  "CLOSED",
] as const;

/** Makes the upgrade coordinator of one service. */
export function upgradeCoordinator(
  options: CoordinatorOptions,
): ActorDefinition<State, CoordinatorMessage> {
  return {
    name: "upgrade_coordinator",
    init(context) {
      // Adapters end with this incarnation; the next one subscribes anew and gets the last events again.
      options.sessionEvents.subscribe(context.adapt((event: SessionEvent) => event));
      options.healthEvents.subscribe(context.adapt((event: HealthEvent) => event));
      options.pinnedEvents.subscribe(context.adapt((event: PinnedEvent) => event));
      awaitReading({ options, context });
      return firstState({ options, context });
    },
    receive(state, message, context) {
      return receive(state, message, { options, context });
    },
    summarize: (
      { hasRejoined, preparing, prepared, predecessor, phase, failures, lastFailed },
    ) => ({
      rejoined: hasRejoined,
      preparing: preparing?.version ?? null,
      prepared: prepared?.version ?? null,
      behind: predecessor,
      switch: describeSwitch(switchOf(phase)),
      failed: failures === 0 ? null : `${lastFailed}, ${failures} in a row`,
    }),
  };
}

function describeSwitch(change: Switch | null): string | null {
  return change === null ? null : `${change.from ?? "nothing"} to ${change.to}: ${change.step}`;
}

function receive(state: State, message: CoordinatorMessage, deps: Deps): State {
  const { options, context } = deps;
  switch (message.type) {
    case "session_connected":
      state.zookeeper = message.zookeeper;
      // Each time, since a session actor that was restarted has forgotten it. It sets what it watches already once only.
      for (const path of [CONTROL, DEPLOY, servicePath(options.service, options.host)]) {
        options.session.tell({ type: "watch", path, subscriber: context.self });
      }
      state.isFreshNeeded = true;
      if (message.sessionId !== state.sessionId) {
        state.sessionId = message.sessionId;
        state.hasRejoined = false;
        state.predecessor = null;
        state.isCounterWatched = false;
        // It ends with the session that it was taken in.
        if (state.place !== undefined) state.place = null;
      }
      // A change that was under way when the connection was lost fails, and is handled as `acted`.
      return readTree(state, deps);
    case "session_suspended":
      state.zookeeper = null;
      awaitReading(deps);
      return state;
    case "alone":
      return startAlone(state, deps);
    case "started_alone":
      if (message.result !== null) {
        context.log.warn("{service}: without ZooKeeper: {result}", {
          service: options.service,
          result: message.result,
        });
      }
      state.phase = afterActing(state.phase);
      return readTree(state, deps);
    case "znode_changed":
      if (message.path === servicePath(options.service, options.host)) {
        lookAfterOwnEntry(deps);
        return state;
      }
      state.isQueueNew ||= message.path === DEPLOY;
      return isForUsFirst(state, deps) ? readTree(state, deps) : state;
    case "turn_changed":
      forgetWatch(state, message.path, deps);
      return readTree(state, deps);
    case "turn_watched":
      if (message.isCurrent) return state;
      forgetWatch(state, message.path, deps);
      return readTree(state, deps);
    case "read_due":
      return readTree(state, deps);
    case "read":
      state.isReading = false;
      state.unreadSinceMs = null;
      stopAwaitingReading(deps);
      state.readingProblems.tell(options.service, message.reading.problems, context.log);
      try {
        decide(state, message.reading, deps);
      } catch (error) {
        // The tree may hold anything, whoever has written it. The next reading may make sense.
        return onReadFailed(state, error, deps);
      }
      return state.isStale ? readTree(state, deps) : state;
    case "read_failed":
      state.isReading = false;
      return onReadFailed(state, message.error, deps);
    case "gate_checked":
      return onGateChecked(state, message, deps);
    case "gate_check_due":
      return onGateCheckDue(state, deps);
    case "acted":
      return onActed(state, message, deps);
    case "health_changed":
      return onHealth(state, message, deps);
    case "pinned_changed": {
      state.locked = message.versions;
      const patch = { pinnedBytes: lockedBytes(state) };
      options.registrar.tell({ type: "update", service: options.service, patch });
      return state;
    }
    case "fetch_progress": {
      const { type: _, received, ...preparation } = message;
      if (state.preparing?.version === preparation.version) {
        const problem = preparation.pause ?? preparation.obstacle ?? null;
        noteMoved(state, { ...preparation, problem }, deps);
        showPreparation(preparation, deps);
      }
      options.registrar.tell({ type: "update", service: options.service, patch: { received } });
      return state;
    }
    case "pin_progress": {
      const { version, progress } = message;
      if (state.preparing?.version === version) {
        noteMoved(state, { phase: "pinning", progress }, deps);
        showPreparation({ version, phase: "pinning", progress }, deps);
      }
      return state;
    }
    case "prepared":
      if (state.preparing === null || !isSameRelease(state.preparing, message.release)) {
        return state;
      }
      state.prepared = state.preparing;
      state.preparing = null;
      state.attempt = null;
      showPreparation({ version: message.release.version, phase: "staged", progress: 1 }, deps);
      if (message.received !== null) {
        const patch = { received: message.received };
        options.registrar.tell({ type: "update", service: options.service, patch });
      }
      return readTree(state, deps);
    case "not_prepared":
      return onNotPrepared(state, message, deps);
    case "queue_answer":
      state.phase = afterActing(state.phase);
      return onQueueAnswer(state, message, deps);
    case "record_answer":
      return onRecorded(state, message, deps);
    case "left_out":
      return noteLeftOut(state);
    case "hook_run":
      return onHookRun(state, message, deps);
    case "left_queue":
      state.phase = afterActing(state.phase);
      state.place = null;
      return readTree(state, deps);
    case "away_named":
      state.away = { area: message.area, hosts: message.hosts, atMs: context.clock.nowMs() };
      return readTree(state, deps);
    case "missing_named": {
      const { wave, hosts } = message;
      state.missing = { wave, hosts, atMs: context.clock.nowMs() };
      return readTree(state, deps);
    }
    case "slot_answer":
      state.phase = afterActing(state.phase);
      if (!message.isTaken) {
        state.isFreshNeeded = true;
        return readTree(state, deps);
      }
      if (message.leavesQueue) state.place = null;
      return beginSwitch(state, message.change, deps);
    case "fence_answer":
      return onFenceAnswer(state, message, deps);
    case "step_taken":
      return onStepTaken(state, message.change, deps);
    case "step_failed":
      return onStepFailed(state, message, deps);
    case "report_due":
      return state.phase.kind === "reporting" ? report(state, state.phase.change, deps) : state;
    case "report_answer":
      return onReported(state, message.outcome, deps);
  }
}

/** A reading failed, or could not be acted on. The tree is read again, after a while. */
function onReadFailed(state: State, error: unknown, deps: Deps): State {
  const { options, context } = deps;
  lookAfter(AFTER_ERROR_MS, deps);
  if (state.zookeeper === null || hasCode(error, ...CONNECTION_CODES)) {
    context.log.debug("{service}: tree not read: {error}", { service: options.service, error });
    return tellIfUnread(state, error, deps);
  }
  if (error instanceof OverdueError) {
    tellProblem(state.problems, `read the tree: ${error.message}`, deps);
    return state;
  }
  const reason = shorten(reasonOf(error));
  // What stands in one node is told once, however often it is read; what else may come, now and then.
  if (error instanceof EntryError) {
    state.readingProblems.tell(options.service, [error.message], context.log);
  } else {
    tellProblem(state.problems, `the tree makes no sense: ${reason}`, deps);
  }
  // During a switch, the entry shows its step.
  if (switchOf(state.phase) === null) setWaitingFor(`the tree makes no sense: ${reason}`, deps);
  return state;
}

/** Says it where no reading gets through for a while, although there is a session: nobody else would tell. */
function tellIfUnread(state: State, error: unknown, deps: Deps): State {
  const nowMs = deps.context.clock.nowMs();
  state.unreadSinceMs ??= nowMs;
  if (state.zookeeper === null || nowMs - state.unreadSinceMs < UNREAD_MS) return state;
  const problem = `the tree cannot be read: ${shorten(reasonOf(error))}`;
  tellProblem(state.problems, problem, deps);
  if (switchOf(state.phase) === null) setWaitingFor(problem, deps);
  return state;
}

/** Logs a problem with the tree once; where problems change all the time, now and then, with their number. */
function tellProblem(problems: TreeProblems, problem: string, { options, context }: Deps): void {
  const nowMs = context.clock.nowMs();
  problems.untold++;
  if (problem === problems.last || nowMs - problems.toldMs < PROBLEM_GAP_MS) return;
  context.log.warn("{service}: {problem} (problem {count} since the last record)", {
    service: options.service,
    problem,
    count: problems.untold,
  });
  problems.untold = 0;
  problems.toldMs = nowMs;
  problems.last = problem;
}

function onActed(
  state: State,
  message: Extract<CoordinatorMessage, { type: "acted" }>,
  deps: Deps,
): State {
  const { phase } = state;
  // Whether the service may be stopped is not known: it is asked again.
  if (phase.kind === "draining") state.phase = { ...phase, at: "fence" };
  else state.phase = afterActing(phase);
  // A change that rested on an old reading has changed nothing.
  state.isFreshNeeded = true;
  if (message.error === null) return readTree(state, deps);
  tellProblem(state.problems, `${message.what}: ${shorten(reasonOf(message.error))}`, deps);
  lookAfter(AFTER_ERROR_MS, deps);
  return state;
}

function onHealth(state: State, { status }: HealthEvent, deps: Deps): State {
  const { options } = deps;
  const { wanted } = status;
  const before = { status: state.status, running: state.running };
  // What ran may have changed on the disk by now, so before it is started again it is looked at like any other release.
  if (wanted === null && state.prepared?.version === state.status?.wanted) state.prepared = null;
  // The receipt of a version that runs does not change, so it is read when another one begins to.
  if (wanted === null) state.running = null;
  else {
    const { version, infoHash } = wanted === state.running?.version
      ? state.running
      : storedRelease(options.store, wanted);
    state.running = { version, infoHash, restart: status.restart };
  }
  state.status = status;
  // During a switch its steps set the entry; a healthy new version counts only after its bake time.
  const { phase } = state;
  if (phase.kind === "reporting" && phase.change.reason === null) noteEnd(state, deps);
  if (phase.kind === "switching" || phase.kind === "reporting") return state;
  if (phase.kind !== "interrupted") noteTrouble(state, before, deps);
  // A version that is on trial does not count yet, also while the tree has not been read again after a crash.
  const interrupted = interruptedSwitch(phase);
  const patch = interrupted !== null && hasStopped(interrupted)
    ? { ...releaseBefore(interrupted), state: "down" } as const
    : healthPatch(state);
  options.registrar.tell({ type: "update", service: options.service, patch });
  return readTree(state, deps);
}

function onNotPrepared(
  state: State,
  { release, error }: Extract<CoordinatorMessage, { type: "not_prepared" }>,
  deps: Deps,
): State {
  const { options, context } = deps;
  if (state.preparing === null || !isSameRelease(state.preparing, release)) return state;
  const { version } = release;
  state.preparing = null;
  const delayMs = holdBack(state, version, deps);
  const reason = reasonOf(error);
  if (state.attempt !== null) state.attempt = noteProblem(state.attempt, shorten(reason));
  context.log.warn("{service} {version}: not prepared, next try in {delayMs} ms: {reason}", {
    service: options.service,
    version,
    delayMs,
    reason,
  });
  showPreparation({ version, phase: "failed", progress: 0 }, deps);
  showHeldBack(state, `${reason} (next try after ${Math.round(delayMs / 1000)} s)`, deps);
  return state;
}

function noteMoved(
  state: State,
  moved: Omit<Parameters<typeof noteProgress>[1], "nowMs">,
  { context }: Deps,
): void {
  if (state.attempt === null) return;
  state.attempt = noteProgress(state.attempt, { ...moved, nowMs: context.clock.nowMs() });
}

function showPreparation(preparation: Preparation, { options }: Deps): void {
  options.registrar.tell({ type: "update", service: options.service, patch: { preparation } });
}
