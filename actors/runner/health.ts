/**
 * The runner's state, and its checks of the service's health.
 *
 * @module
 */

import { reasonOf } from "../../base/reason.ts";
import {
  expandCommand,
  type ExpandedCommand,
  expandHealthCheck,
  type HealthResult,
  type ServiceProcess,
  type ServiceSettings,
  type TemplateValues,
  thisHost,
} from "../../host/mod.ts";
import type { ActorContext, Publisher, ReplyTo } from "../runtime/mod.ts";
import type {
  HealthEvent,
  Restarts,
  RunnerMessage,
  RunnerOptions,
  RunningFacts,
  ServiceStatus,
} from "./messages.ts";
import type { RestartTimes } from "./flapping.ts";
import { type CheckRow, judge, withCheck } from "./verdict.ts";

/** What the runner knows between two messages. */
export interface State {
  /** The version that should run; `null` while the service is meant to be stopped. */
  wanted: string | null;
  /** The restart that it was, or is to be, started by. */
  restart: string | null;
  process: ServiceProcess | null;
  health: HealthResult;
  /** Whether a status was published. The first one of an adopted process is published after its first check. */
  isAnnounced: boolean;
  /** When the process was started or adopted, on the monotonic clock. */
  attachedMs: number;
  /** The last checks of the process. */
  row: CheckRow;
  /** Crashes in a row, for the back-off. */
  crashes: number;
  /** Restarts of a service that hung, in a row, for the back-off. */
  hangs: number;
  /** When a service that hangs is started again, on the monotonic clock; `null` while it does not hang. */
  hangDueMs: number | null;
  /** Whether the process has been well, as far as is known. */
  wasWell: boolean;
  /** Whether it was told last that the process is well, or that it is not any more; `null`: neither. */
  isToldWell: boolean | null;
  /** Restarts since the agent began. */
  restarts: Restarts;
  /** When they were, as far as they may be too many. */
  restartTimes: RestartTimes;
  quarantined: RunningFacts["quarantined"];
  /** How the process was started otherwise than the config says now. */
  differences: readonly string[];
  /** Why the last start has failed, as far as it was told; `null` if it has not. */
  startFailure: string | null;
  /** A start or stop is under way; others wait for it. */
  isBusy: boolean;
  /** The stop under way is to be followed by a start: the service was unwell for too long. */
  isRestarting: boolean;
  /** The start that is under way. Its process must not be lost if the actor ends meanwhile. */
  starting: Promise<ServiceProcess> | null;
  /** Requests that wait for it. */
  waiting: Extract<RunnerMessage, { type: "start" | "stop" }>[];
}

/** What the functions of the runner work with besides its state. */
export interface Deps {
  readonly options: RunnerOptions;
  readonly context: ActorContext<RunnerMessage>;
}

/** Checks the service's health once. Without a `replyTo` it is a periodic check, after which the next one is scheduled. */
export function check(
  state: State,
  replyTo: ReplyTo<ServiceStatus> | null,
  { options, context }: Deps,
): void {
  const { process } = state;
  if (process === null) {
    replyTo?.tell(statusOf(state));
    return;
  }
  const { config: { health: spec }, processes = thisHost.processes } = options;
  context.pipeToSelf<HealthResult>(
    async (signal) => {
      if (!process.isAlive()) return { ok: false, reason: "the process has ended" };
      if (spec === undefined) return { ok: true };
      const values = templateValues(options, process.version);
      return await processes.checkHealth(expandHealthCheck(spec, values), {
        signal,
        service: {
          user: options.config.user,
          group: options.config.group,
          env: serviceCommand(options, process.version).env,
        },
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

/** Handles the result of a check. */
export function onChecked(
  state: State,
  message: Extract<RunnerMessage, { type: "checked" }>,
  deps: Deps,
): State {
  const { process, result, replyTo } = message;
  if (replyTo === null) {
    deps.context.timers.after("check", deps.options.config.healthInterval, { type: "check_due" });
  }
  if (state.process !== process) {
    replyTo?.tell(statusOf(state));
    return state;
  }
  const nowMs = deps.context.clock.nowMs();
  state.row = withCheck(state.row, result.ok, nowMs);
  const thresholds = deps.options.config;
  const health = judge(state.health, result, { row: state.row, thresholds, nowMs });
  if (health !== state.health) {
    tellHealth(state, health, deps);
    setHealth(state, health, deps.options.events);
  }
  tellFacts(state, deps.options);
  if (!state.isAnnounced) announce(state, deps.options.events);
  replyTo?.tell({ ...statusOf(state), health: result });
  return state;
}

/** Logs once that a service is well, and once that it is not any more, with what its check has found. */
function tellHealth(state: State, health: HealthResult, { options, context }: Deps): void {
  state.wasWell ||= health.ok;
  if (!state.wasWell || state.isToldWell === health.ok) return;
  state.isToldWell = health.ok;
  const about = { service: options.service, version: state.process?.version };
  if (health.ok) context.log.info("{service} {version}: well", about);
  else {
    const { reason } = health;
    context.log.warn("{service} {version}: unwell: {reason}", { ...about, reason });
  }
}

/** Tells what is known of the process. Whoever is told may have been restarted, so it is told again. */
export function tellFacts(
  { restarts, quarantined, differences }: State,
  { facts }: Pick<RunnerOptions, "facts">,
): void {
  facts?.tell({ restarts, quarantined, differences });
}

/** Notes the service's health, and publishes it if it has changed. */
export function setHealth(
  state: State,
  health: HealthResult,
  events: Publisher<HealthEvent>,
): void {
  const isSame = state.health.ok && health.ok;
  state.health = health;
  if (!isSame) announce(state, events);
}

/** Publishes the service's status. */
export function announce(state: State, events: Publisher<HealthEvent>): void {
  state.isAnnounced = true;
  events.publish({ type: "health_changed", status: statusOf(state) });
}

/** The service's status for other actors. */
export function statusOf(state: State): ServiceStatus {
  return {
    wanted: state.wanted,
    restart: state.wanted === null ? null : state.restart,
    version: state.process?.version ?? null,
    pid: state.process?.pid ?? null,
    health: state.health,
  };
}

/** How the config has a version started, with the templates filled in. */
export function serviceSettings(options: RunnerOptions, version: string): ServiceSettings {
  const { user, group, ulimits, oomScoreAdjust } = options.config;
  return { ...serviceCommand(options, version), user, group, ulimits, oomScoreAdjust };
}

/** The service's command for a version, with its templates filled in. */
function serviceCommand(options: RunnerOptions, version: string): ExpandedCommand {
  const { command, env, workingDirectory } = options.config;
  const values = templateValues(options, version);
  const cwd = workingDirectory === undefined ? {} : { cwd: workingDirectory };
  const expanded = expandCommand({ argv: command, env, ...cwd }, values);
  return {
    ...expanded,
    env: { ROLLCALL_BLOB: values.blob, ROLLCALL_VERSION: version, ...expanded.env },
  };
}

/** The values of the templates in a service's commands. */
export function templateValues(options: RunnerOptions, version: string): TemplateValues {
  return {
    blob: options.store.layout.paths(version).final,
    version,
    service: options.service,
    host: options.host,
  };
}
