/**
 * The runner's messages, events and options.
 *
 * @module
 */

import type { HealthResult, Releases, ServiceProcess, ServiceProcesses } from "../../host/mod.ts";
import type { ServiceConfig } from "../config/agent_config.ts";
import type { Publisher, ReplyTo } from "../runtime/mod.ts";

/** The status of the service. */
export interface ServiceStatus {
  /** The version that should run, and is started again when it crashes; `null` if none should. */
  readonly wanted: string | null;
  /** The restart that it was, or is to be, started by, see `rollout/release_identity.ts`; `null`: none. */
  readonly restart: string | null;
  /** The version of the running process; `null` if none is running. */
  readonly version: string | null;
  /** Its process id. */
  readonly pid: number | null;
  /** The result of the last check. */
  readonly health: HealthResult;
}

/** How often a service was started again, by cause. */
export interface Restarts {
  /** It had ended by itself. */
  readonly crash: number;
  /** It hung: it was unwell for too long. */
  readonly unwell: number;
}

/** What is known of the running process besides, for those who look at this host. */
export interface RunningFacts {
  /** How often the service was started again since the agent began. */
  readonly restarts: Restarts;
  /** Why the host is not to be counted on: the service was started again too often; `null` if it is. `sinceMs`: wall clock. */
  readonly quarantined: { readonly reason: string; readonly sinceMs: number } | null;
  /** The settings in which what runs was started otherwise than the config says now, such as `env PORT`. */
  readonly differences: readonly string[];
}

/** The outcome of a request to start or stop. */
export type RunnerOutcome = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Published when the service becomes healthy or unhealthy. */
export interface HealthEvent {
  readonly type: "health_changed";
  readonly status: ServiceStatus;
}

/** The messages of the runner. */
export type RunnerMessage =
  | { readonly type: "status"; readonly replyTo: ReplyTo<ServiceStatus> }
  /**
   * Starts that version, if its files are as they were verified. It succeeds if that version is running already. `restart`: the
   * restart that it is started by; default: none.
   */
  | {
    readonly type: "start";
    readonly version: string;
    readonly restart?: string | null | undefined;
    readonly replyTo: ReplyTo<RunnerOutcome>;
  }
  /** Stops the service. It succeeds if nothing is running. */
  | { readonly type: "stop"; readonly replyTo: ReplyTo<RunnerOutcome> }
  /** Checks the service's health now, once. */
  | { readonly type: "check"; readonly replyTo: ReplyTo<ServiceStatus> }
  | {
    readonly type: "started";
    readonly process: ServiceProcess;
    readonly replyTo: ReplyTo<RunnerOutcome> | null;
    /** Why it was started again; `null`: somebody has asked for it. */
    readonly cause: keyof Restarts | null;
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
  /** A service that was unwell for too long has been stopped, or could not be. */
  | { readonly type: "unwell_stopped"; readonly process: ServiceProcess; readonly error: unknown }
  | { readonly type: "exited"; readonly process: ServiceProcess; readonly how: string }
  /** The quarantine is over, for this reason, whether the service has come to rest or not. */
  | { readonly type: "quarantine_lifted"; readonly why: string }
  | { readonly type: "check_due" }
  | { readonly type: "restart_due" }
  | {
    readonly type: "checked";
    readonly process: ServiceProcess;
    readonly result: HealthResult;
    readonly replyTo: ReplyTo<ServiceStatus> | null;
  };

/** The runner's options. */
export interface RunnerOptions {
  readonly service: string;
  readonly host: string;
  readonly config: ServiceConfig;
  /** The releases that it starts, each only as it was verified. */
  readonly store: Pick<Releases, "layout" | "isIntact">;
  /** Where changes of the service's health are published. It should replay the last one to new subscribers. */
  readonly events: Publisher<HealthEvent>;
  /** Told what is known of the process, after each change and each check. Default: nobody. */
  readonly facts?: { tell(facts: RunningFacts): void };
  /** Where its processes run. Default: on this machine. */
  readonly processes?: ServiceProcesses;
}
