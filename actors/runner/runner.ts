/**
 * Runs one service: starts it, adopts the process that an earlier agent started, watches its health, starts it again when
 * it crashes, stops it when told. Which version runs is decided by the upgrade coordinator.
 *
 * The process outlives this actor and the agent: when the actor stops, it only looks away.
 *
 * @module
 */

import {
  adoptService,
  checkHealth,
  expandCommand,
  expandHealthCheck,
  type HealthResult,
  type ReleaseLayout,
  type ServiceProcess,
  startService,
  type TemplateValues,
} from "../../host/mod.ts";
import type { ServiceConfig } from "../agent/config.ts";
import type { ActorContext, ActorDefinition, Publisher, ReplyTo } from "../runtime/mod.ts";

/** How the service is. `health` is the last check's result. */
export interface ServiceStatus {
  /** The version that should run; it is started again when it crashes. `null`: none. */
  readonly wanted: string | null;
  /** The version of the process that runs. */
  readonly version: string | null;
  readonly pid: number | null;
  readonly health: HealthResult;
}

/** How a request to start or stop went. */
export type RunnerOutcome = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** What subscribers hear when the service becomes well or unwell. */
export interface HealthEvent {
  readonly type: "health_changed";
  readonly status: ServiceStatus;
}

/** What the runner takes. */
export type RunnerMessage =
  | { readonly type: "status"; readonly replyTo: ReplyTo<ServiceStatus> }
  /** Starts that version; fine if it runs already. */
  | { readonly type: "start"; readonly version: string; readonly replyTo: ReplyTo<RunnerOutcome> }
  /** Stops whatever runs; fine if nothing does. */
  | { readonly type: "stop"; readonly replyTo: ReplyTo<RunnerOutcome> }
  /** Checks the service's health now, once. */
  | { readonly type: "check"; readonly replyTo: ReplyTo<ServiceStatus> }
  | {
    readonly type: "started";
    readonly process: ServiceProcess;
    readonly replyTo: ReplyTo<RunnerOutcome> | null;
  }
  | {
    readonly type: "start_failed";
    readonly error: unknown;
    readonly replyTo: ReplyTo<RunnerOutcome> | null;
  }
  | {
    readonly type: "stop_settled";
    readonly error: unknown;
    readonly replyTo: ReplyTo<RunnerOutcome>;
  }
  | { readonly type: "exited"; readonly process: ServiceProcess; readonly how: string }
  | { readonly type: "check_due" }
  | { readonly type: "restart_due" }
  | {
    readonly type: "checked";
    readonly process: ServiceProcess;
    readonly result: HealthResult;
    readonly replyTo: ReplyTo<ServiceStatus> | null;
  };

/** One service on this host. */
export interface RunnerOptions {
  readonly service: string;
  readonly host: string;
  readonly config: ServiceConfig;
  readonly layout: ReleaseLayout;
  /** Where changes of the service's health go; it should replay the last one to those who come later. */
  readonly events: Publisher<HealthEvent>;
}

interface State {
  /** The version that should run; `null` while the service is meant to be stopped. */
  wanted: string | null;
  process: ServiceProcess | null;
  health: HealthResult;
  /** Failed checks in a row. */
  failures: number;
  /** Crashes in a row, for the back-off. */
  crashes: number;
  /** A start or stop is under way; others wait for it. */
  isBusy: boolean;
  waiting: Extract<RunnerMessage, { type: "start" | "stop" }>[];
}

/** One failed check may be a hiccup of the check; the second one in a row is the service. */
const FAILURES_UNTIL_UNHEALTHY = 2;

/** A service that crashes at once is started again after 1 s, 2 s, 4 s, … */
const FIRST_RESTART_DELAY_MS = 1_000;

/** … and at least twice a minute: whatever it needs may be back. */
const LONGEST_RESTART_DELAY_MS = 30_000;

/** Requests that may wait for a start or stop; the coordinator makes one at a time. */
const WAITING_MAX = 8;

const NOT_RUNNING: HealthResult = { ok: false, reason: "not running" };

type Context = ActorContext<RunnerMessage>;

/** The runner actor. */
export function runnerActor(options: RunnerOptions): ActorDefinition<State, RunnerMessage> {
  return {
    name: "runner",
    init(context) {
      const process = adoptService(options.layout.processRecord);
      const state: State = {
        wanted: process?.version ?? null,
        process: null,
        health: NOT_RUNNING,
        failures: 0,
        crashes: 0,
        isBusy: false,
        waiting: [],
      };
      if (process !== null) {
        context.log.info("{service} {version}: adopted, pid {pid}", {
          service: options.service,
          version: process.version,
          pid: process.pid,
        });
        attach(state, process, context);
      }
      options.events.publish({ type: "health_changed", status: statusOf(state) });
      return state;
    },
    receive(state, message, context) {
      switch (message.type) {
        case "status":
          message.replyTo.tell(statusOf(state));
          return state;
        case "start":
        case "stop":
          return request(state, message, { options, context });
        case "started":
          attach(state, message.process, context);
          context.log.info("{service} {version}: started, pid {pid}", {
            service: options.service,
            version: message.process.version,
            pid: message.process.pid,
          });
          message.replyTo?.tell({ ok: true });
          return next(state, { options, context });
        case "start_failed":
          message.replyTo?.tell({ ok: false, reason: reasonOf(message.error) });
          // A request that failed is for its sender to deal with; a restart after a crash is tried again.
          if (message.replyTo === null) scheduleRestart(state, context);
          else state.wanted = null;
          return next(state, { options, context });
        case "stop_settled":
          if (message.error === null) state.process = null;
          setHealth(state, NOT_RUNNING, options.events);
          message.replyTo.tell(
            message.error === null ? { ok: true } : { ok: false, reason: reasonOf(message.error) },
          );
          return next(state, { options, context });
        case "exited":
          return onExit(state, message, { options, context });
        case "restart_due":
          if (state.wanted !== null && state.process === null && !state.isBusy) {
            start(state, { version: state.wanted, replyTo: null }, { options, context });
          }
          return state;
        case "check":
          check(state, message.replyTo, { options, context });
          return state;
        case "check_due":
          check(state, null, { options, context });
          return state;
        case "checked":
          return onChecked(state, message, { options, context });
      }
    },
    onStop(state) {
      state.process?.detach();
    },
  };
}

interface Own {
  readonly options: RunnerOptions;
  readonly context: Context;
}

function request(
  state: State,
  message: Extract<RunnerMessage, { type: "start" | "stop" }>,
  own: Own,
): State {
  const { replyTo } = message;
  if (state.isBusy) {
    if (state.waiting.length < WAITING_MAX) state.waiting.push(message);
    else replyTo.tell({ ok: false, reason: "too many requests wait for the runner" });
    return state;
  }
  own.context.timers.cancel("restart");
  if (message.type === "stop") {
    state.wanted = null;
    const { process } = state;
    if (process === null) {
      replyTo.tell({ ok: true });
      return state;
    }
    state.isBusy = true;
    const graceMs = own.options.config.stopGrace;
    own.context.pipeToSelf(() => process.stop({ graceMs }), {
      ok: () => ({ type: "stop_settled", error: null, replyTo }),
      error: (error) => ({ type: "stop_settled", error: error ?? "unknown", replyTo }),
    });
    return state;
  }
  if (state.process !== null) {
    const isSame = state.process.version === message.version;
    replyTo.tell(
      isSame
        ? { ok: true }
        : { ok: false, reason: `version ${state.process.version} runs; stop it first` },
    );
    return state;
  }
  state.wanted = message.version;
  state.crashes = 0;
  start(state, { version: message.version, replyTo }, own);
  return state;
}

function start(
  state: State,
  what: { version: string; replyTo: ReplyTo<RunnerOutcome> | null },
  { options, context }: Own,
): void {
  const { version, replyTo } = what;
  const { config, layout } = options;
  state.isBusy = true;
  context.pipeToSelf<ServiceProcess>(
    async () => {
      const values = templateValues(options, version);
      const command = expandCommand(
        {
          argv: config.command,
          env: config.env,
          ...(config.workingDirectory === undefined ? {} : { cwd: config.workingDirectory }),
        },
        values,
      );
      return await startService({
        ...command,
        env: { ROLLCALL_BLOB: values.blob, ROLLCALL_VERSION: version, ...command.env },
        logPath: layout.serviceLog,
        recordPath: layout.processRecord,
        version,
      });
    },
    {
      ok: (process) => ({ type: "started", process, replyTo }),
      error: (error) => ({ type: "start_failed", error, replyTo }),
    },
  );
}

/** Looks after a process: waits for its end and checks its health. */
function attach(state: State, process: ServiceProcess, context: Context): void {
  state.process = process;
  state.failures = 0;
  context.pipeToSelf(() => process.exited, {
    ok: (exit) => ({ type: "exited", process, how: describeExit(exit) }),
    error: (error) => ({ type: "exited", process, how: reasonOf(error) }),
  });
  context.self.tell({ type: "check_due" });
}

function onExit(
  state: State,
  message: Extract<RunnerMessage, { type: "exited" }>,
  own: Own,
): State {
  const { process, how } = message;
  if (state.process !== process) return state;
  const { context, options } = own;
  // While it is being stopped, the stop itself tells when its last process is gone.
  if (state.wanted === null) return state;
  state.process = null;
  context.log.warn("{service} {version}: ended by itself, {how}; its log is {log}", {
    service: options.service,
    version: process.version,
    how,
    log: options.layout.serviceLog,
  });
  setHealth(state, { ok: false, reason: `the process ended, ${how}` }, options.events);
  scheduleRestart(state, context);
  return state;
}

function scheduleRestart(state: State, context: Context): void {
  const delayMs = Math.min(LONGEST_RESTART_DELAY_MS, FIRST_RESTART_DELAY_MS * 2 ** state.crashes);
  state.crashes++;
  context.timers.after("restart", delayMs, { type: "restart_due" });
}

function check(
  state: State,
  replyTo: ReplyTo<ServiceStatus> | null,
  { options, context }: Own,
): void {
  const { process } = state;
  if (process === null) {
    replyTo?.tell(statusOf(state));
    return;
  }
  const spec = options.config.health;
  context.pipeToSelf<HealthResult>(
    async (signal) => {
      if (!process.isAlive()) return { ok: false, reason: "the process has ended" };
      if (spec === undefined) return { ok: true };
      return await checkHealth(expandHealthCheck(spec, templateValues(options, process.version)), {
        signal,
      });
    },
    {
      ok: (result) => ({ type: "checked", process, result, replyTo }),
      error: (error) => ({
        type: "checked",
        process,
        result: { ok: false, reason: reasonOf(error) },
        replyTo,
      }),
    },
  );
}

function onChecked(
  state: State,
  message: Extract<RunnerMessage, { type: "checked" }>,
  own: Own,
): State {
  const { process, result, replyTo } = message;
  if (replyTo === null) {
    own.context.timers.after("check", own.options.config.healthInterval, { type: "check_due" });
  }
  if (state.process !== process) {
    replyTo?.tell(statusOf(state));
    return state;
  }
  state.failures = result.ok ? 0 : state.failures + 1;
  if (result.ok) state.crashes = 0;
  // A service that was well gets a second chance; one that has not been well yet has nothing to lose.
  if (result.ok || !state.health.ok || state.failures >= FAILURES_UNTIL_UNHEALTHY) {
    setHealth(state, result, own.options.events);
  }
  replyTo?.tell({ ...statusOf(state), health: result });
  return state;
}

function setHealth(state: State, health: HealthResult, events: Publisher<HealthEvent>): void {
  const isSame = state.health.ok && health.ok;
  state.health = health;
  if (!isSame) events.publish({ type: "health_changed", status: statusOf(state) });
}

function next(state: State, own: Own): State {
  state.isBusy = false;
  const waiting = state.waiting.shift();
  return waiting === undefined ? state : request(state, waiting, own);
}

function statusOf(state: State): ServiceStatus {
  return {
    wanted: state.wanted,
    version: state.process?.version ?? null,
    pid: state.process?.pid ?? null,
    health: state.health,
  };
}

function templateValues(options: RunnerOptions, version: string): TemplateValues {
  return {
    blob: options.layout.paths(version).final,
    version,
    service: options.service,
    host: options.host,
  };
}

function describeExit(exit: Awaited<ServiceProcess["exited"]>): string {
  switch (exit.type) {
    case "code":
      return `exit status ${exit.code}`;
    case "signal":
      return `signal ${exit.signal}`;
    case "unknown":
      return "exit status unknown";
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
