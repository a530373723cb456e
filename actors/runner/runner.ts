/**
 * The runner: runs one service. It starts the service, adopts the process that an earlier agent has started, checks its
 * health, starts it again when it crashes, and stops it when told. Orders come from the upgrade coordinator, which decides
 * which version runs; the service's health is published as an event. Whatever it starts is compared with its receipt first.
 *
 * The process outlives this actor and the agent: when the actor stops, it only stops watching the process.
 *
 * @module
 */

import { reasonOf } from "../../base/reason.ts";
import { type HealthResult, thisHost } from "../../host/mod.ts";
import type { ActorDefinition, ReplyTo } from "../runtime/mod.ts";
import {
  announce,
  check,
  type Deps,
  onChecked,
  serviceSettings,
  setHealth,
  type State,
  statusOf,
} from "./health.ts";
import { attach, findRunning, lookForRunning } from "./attach.ts";
import type { Restarts, RunnerMessage, RunnerOptions, RunnerOutcome } from "./messages.ts";
import { endQuarantine, endQuarantineAtRest, noteRestart } from "./quarantine.ts";
import { hangDelayMs, isSteady, isSteadyAfterHang, scheduleRestart } from "./restart.ts";
import { FOUND_RUNNING, NO_CHECKS } from "./verdict.ts";

/** Most requests that may wait for a start or stop to end. The coordinator makes one at a time. */
const WAITING_MAX = 8;

/** The files of a release are not as they were verified: to try again would not help before somebody has repaired it. */
class ChangedReleaseError extends Error {
  override readonly name = "ChangedReleaseError";
}

const NOT_RUNNING: HealthResult = { ok: false, reason: "not running" };

/** Makes the runner actor of one service. */
export function runnerActor(options: RunnerOptions): ActorDefinition<State, RunnerMessage> {
  return {
    name: "runner",
    init(context) {
      const process = findRunning({ options, context });
      const state: State = {
        wanted: process?.version ?? null,
        restart: process?.restart ?? null,
        process: null,
        health: NOT_RUNNING,
        isAnnounced: false,
        attachedMs: 0,
        row: NO_CHECKS,
        crashes: 0,
        hangs: 0,
        hangDueMs: null,
        wasWell: false,
        isToldWell: null,
        restarts: { crash: 0, unwell: 0 },
        restartTimes: [],
        quarantined: null,
        differences: [],
        startFailure: null,
        isBusy: false,
        isRestarting: false,
        starting: null,
        waiting: [],
      };
      if (process !== null) {
        // Its status is not known before the first check. To publish "down" would be false, and by it the host would be
        // admitted past the budget.
        attach(state, process, { options, context, row: FOUND_RUNNING });
      } else {
        announce(state, options.events);
      }
      return state;
    },
    summarize: ({ wanted, process, health, restarts }) => ({
      wanted,
      runs: process === null ? null : `${process.version} pid ${process.pid}`,
      health: health.ok ? "ok" : health.reason,
      restarts,
    }),
    receive(state, message, context) {
      switch (message.type) {
        case "status":
          message.replyTo.tell(statusOf(state));
          return state;
        case "start":
        case "stop":
          return request(state, message, { options, context });
        case "started":
          state.starting = null;
          state.startFailure = null;
          countRestart(state, message.cause, { options, context });
          attach(state, message.process, { options, context, row: NO_CHECKS });
          context.log.info("{service} {version}: started, pid {pid}", {
            service: options.service,
            version: message.process.version,
            pid: message.process.pid,
          });
          message.replyTo?.tell({ ok: true });
          return next(state, { options, context });
        case "start_failed":
          state.starting = null;
          onStartFailed(state, message, { options, context });
          message.replyTo?.tell({ ok: false, reason: reasonOf(message.error) });
          return next(state, { options, context });
        case "stop_settled":
          if (message.error === null) state.process = null;
          setHealth(state, NOT_RUNNING, options.events);
          message.replyTo.tell(
            message.error === null ? { ok: true } : { ok: false, reason: reasonOf(message.error) },
          );
          return next(state, { options, context });
        case "unwell_stopped":
          return onUnwellStopped(state, message, { options, context });
        case "exited":
          return onExit(state, message, { options, context });
        case "restart_due":
          if (state.wanted === null || state.isBusy) return state;
          lookForRunning(state, { options, context });
          // Whatever runs already is what should run: another version was started by somebody else.
          if (state.process !== null) state.wanted = state.process.version;
          else {
            const { wanted: version } = state;
            start(state, { version, replyTo: null, cause: "crash" }, { options, context });
          }
          return state;
        case "quarantine_lifted":
          endQuarantine(state, { options, context }, message.why);
          return state;
        case "check":
          check(state, message.replyTo, { options, context });
          return state;
        case "check_due":
          check(state, null, { options, context });
          return state;
        case "checked":
          onChecked(state, message, { options, context });
          endQuarantineAtRest(state, { options, context });
          return restartIfUnwell(state, { options, context });
      }
    },
    async onStop(state) {
      // When its record is written, the next incarnation, or the agent's `stop`, finds it.
      const starting = await state.starting?.catch(() => null);
      starting?.detach();
      state.process?.detach();
    },
  };
}

function request(
  state: State,
  message: Extract<RunnerMessage, { type: "start" | "stop" }>,
  deps: Deps,
): State {
  const { replyTo } = message;
  if (state.isBusy) {
    if (state.waiting.length < WAITING_MAX) state.waiting.push(message);
    else replyTo.tell({ ok: false, reason: "too many requests wait for the runner" });
    return state;
  }
  deps.context.timers.cancel("restart");
  lookForRunning(state, deps);
  if (message.type === "stop") {
    state.wanted = null;
    const { process } = state;
    if (process === null) {
      // It may have ended by itself, and would have been started again.
      setHealth(state, NOT_RUNNING, deps.options.events);
      replyTo.tell({ ok: true });
      return state;
    }
    state.isBusy = true;
    // A coordinator that begins anew meanwhile must not take it for a service that goes on.
    announce(state, deps.options.events);
    const { stopGrace: graceMs, stopSignal: signal } = deps.options.config;
    deps.context.pipeToSelf(() => process.stop({ graceMs, signal }), {
      ok: () => ({ type: "stop_settled", error: null, replyTo }),
      error: (error) => ({ type: "stop_settled", error: error ?? "unknown", replyTo }),
    });
    return state;
  }
  if (state.process !== null) {
    const { version, restart } = state.process;
    const isSame = version === message.version &&
      (message.restart === undefined || message.restart === restart);
    if (isSame && state.wanted !== message.version) {
      // It runs on after a stop that has failed, of which everybody was told that it is wanted no more.
      state.wanted = message.version;
      announce(state, deps.options.events);
    }
    replyTo.tell(
      isSame ? { ok: true } : { ok: false, reason: `version ${version} runs; stop it first` },
    );
    return state;
  }
  state.wanted = message.version;
  state.restart = message.restart ?? null;
  state.crashes = 0;
  state.hangs = 0;
  start(state, { version: message.version, replyTo, cause: null }, deps);
  return state;
}

function start(
  state: State,
  what: {
    readonly version: string;
    readonly replyTo: ReplyTo<RunnerOutcome> | null;
    readonly cause: keyof Restarts | null;
  },
  { options, context }: Deps,
): void {
  const { version, replyTo, cause } = what;
  const { store, processes = thisHost.processes } = options;
  const { layout } = store;
  state.isBusy = true;
  const restart = state.restart ?? undefined;
  const starting = (async () => {
    // Only sizes, times and inodes are compared, so that a restart after a crash costs a millisecond for some dozen files.
    const found = await store.isIntact(version);
    if (!found.intact) {
      throw new ChangedReleaseError(
        `expected ${version} on disk as it was verified: ${found.reason}; it is not started before it is repaired`,
      );
    }
    return await processes.start({
      ...serviceSettings(options, version),
      logPath: layout.serviceLog,
      recordPath: layout.processRecord,
      version,
      restart,
    });
  })();
  state.starting = starting;
  context.pipeToSelf(() => starting, {
    ok: (process) => ({ type: "started", process, replyTo, cause }),
    error: (error) => ({ type: "start_failed", error, replyTo }),
  });
}

function onExit(
  state: State,
  message: Extract<RunnerMessage, { type: "exited" }>,
  deps: Deps,
): State {
  const { process, how } = message;
  if (state.process !== process) return state;
  const { context, options } = deps;
  // While it is being stopped, the stop itself reports when the last of its processes has ended.
  if (state.isBusy && (state.wanted === null || state.isRestarting)) return state;
  state.process = null;
  // A process that a failed stop has left has ended after all.
  if (state.wanted === null) return state;
  if (isSteady(context.clock.nowMs() - state.attachedMs)) state.crashes = 0;
  context.log.warn("{service} {version}: ended by itself, {how}; its log is {log}", {
    service: options.service,
    version: process.version,
    how,
    log: options.store.layout.serviceLog,
  });
  setHealth(state, { ok: false, reason: `the process ended, ${how}` }, options.events);
  scheduleRestart(state, context);
  return state;
}

/** A start has failed: each reason is logged once, and is what is wrong with the service until it runs. */
function onStartFailed(
  state: State,
  { error, replyTo }: Extract<RunnerMessage, { type: "start_failed" }>,
  { options, context }: Deps,
): void {
  const reason = `it does not start: ${reasonOf(error)}`;
  if (reason !== state.startFailure) {
    context.log.warn("{service} {version}: {reason}", {
      service: options.service,
      version: state.wanted,
      reason,
    });
  }
  state.startFailure = reason;
  // The sender of a request handles its failure, and the coordinator has a changed release repaired. Any other restart
  // after a crash is tried again here.
  if (replyTo !== null || error instanceof ChangedReleaseError) state.wanted = null;
  else scheduleRestart(state, context);
  setHealth(state, { ok: false, reason }, options.events);
}

/**
 * Starts a service again that has been well and has failed as many checks in a row as the config says: it hangs. It is left for
 * a while longer (restart.ts), and what is done then is decided by a check that has just failed. One that has not been well yet
 * may only be slow to begin, or lacks what a restart does not bring back.
 */
function restartIfUnwell(state: State, { options, context }: Deps): State {
  const { restartAfterFailedChecks: most, healthInterval, stopGrace: graceMs, stopSignal: signal } =
    options.config;
  const { process, row: { failures } } = state;
  if (failures === 0) state.hangDueMs = null;
  if (most === undefined || failures < most || !state.wasWell || process === null) return state;
  if (state.isBusy || state.wanted === null) return state;
  const nowMs = context.clock.nowMs();
  if (state.hangDueMs === null) {
    if (isSteadyAfterHang(nowMs - state.attachedMs)) state.hangs = 0;
    const checkedForMs = most * healthInterval;
    const chance = context.random.next();
    state.hangDueMs = nowMs + hangDelayMs({ checkedForMs, hangs: state.hangs, chance });
  }
  if (nowMs < state.hangDueMs) return state;
  context.log.warn("{service} {version}: started again after {failures} failed checks", {
    service: options.service,
    version: process.version,
    failures,
  });
  state.hangs++;
  state.isBusy = true;
  state.isRestarting = true;
  context.pipeToSelf(() => process.stop({ graceMs, signal }), {
    ok: () => ({ type: "unwell_stopped", process, error: null }),
    error: (error) => ({ type: "unwell_stopped", process, error: error ?? "unknown" }),
  });
  return state;
}

function onUnwellStopped(
  state: State,
  { error }: Extract<RunnerMessage, { type: "unwell_stopped" }>,
  deps: Deps,
): State {
  const { options, context } = deps;
  state.isRestarting = false;
  if (error !== null || state.wanted === null) {
    context.log.error("{service}: not started again: {error}", { service: options.service, error });
    return next(state, deps);
  }
  state.process = null;
  start(state, { version: state.wanted, replyTo: null, cause: "unwell" }, deps);
  return state;
}

function countRestart(state: State, cause: keyof Restarts | null, deps: Deps): void {
  if (cause === null) return;
  state.restarts = { ...state.restarts, [cause]: state.restarts[cause] + 1 };
  noteRestart(state, deps);
}

function next(state: State, deps: Deps): State {
  state.isBusy = false;
  // A request that is answered at once lets the next one follow. There are at most WAITING_MAX.
  while (!state.isBusy) {
    const waiting = state.waiting.shift();
    if (waiting === undefined) break;
    request(state, waiting, deps);
  }
  return state;
}
