/**
 * The process of a service: which program to run, starting, adopting and stopping it, and checking
 * its health. The agent's runner calls in here; below are /proc, signals and one record on disk by
 * which the next agent finds the process again.
 */

export * from "./commands.ts";
export * from "./health_check.ts";
export * from "./log_tail.ts";
export * from "./machine_identity.ts";
export {
  adoptService,
  type AdoptServiceOptions,
  lastStarted,
  type ServiceExit,
  type ServiceProcess,
  type StartedService,
} from "./service_process.ts";
export * from "./service_limits.ts";
export { type ServiceSettings } from "./service_settings.ts";
export { findServiceUser, SERVICE_GROUP_PATTERN, SERVICE_USER_PATTERN } from "./service_user.ts";
export { STOP_SIGNALS, type StopSignal } from "./signals.ts";
export * from "./start_service.ts";
