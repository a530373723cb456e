/**
 * What the runner hears and says.
 *
 * @module
 */

import type { HealthResult, ReleaseLayout, ServiceProcess } from "../../host/mod.ts";
import type { ServiceConfig } from "../config/agent_config.ts";
import type { Publisher, ReplyTo } from "../runtime/mod.ts";

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
