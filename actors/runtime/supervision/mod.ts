/**
 * Supervisors: actors that start children, restart those that end, and give up when that does not help.
 * The end of a child comes in as a system message from its cell; the rules decide whether, after how
 * long and with which siblings it is restarted; orders to start and stop go out to the children's cells.
 *
 * @module
 */

export {
  DEFAULT_RESTART_BACKOFF,
  DEFAULT_RESTART_INTENSITY,
  type RestartBackoff,
  type RestartIntensity,
  type RestartPolicy,
  type RestartRate,
} from "./restart_policy.ts";
export { startChild, supervisor } from "./supervisor.ts";
export type {
  AutoShutdown,
  ChildInfo,
  ChildOptions,
  StartedChild,
  SupervisorMessage,
  SupervisorOptions,
  SupervisorScope,
  SupervisorState,
  SupervisorStrategy,
} from "./supervisor_options.ts";
