/**
 * The process of a service: which program to run, starting, adopting and stopping it, and checking
 * its health. The agent's runner calls in here; below are /proc, signals and one record on disk by
 * which the next agent finds the process again.
 */

export * from "./commands.ts";
export * from "./health_check.ts";
export * from "./machine_identity.ts";
export * from "./service_process.ts";
export { SERVICE_USER_PATTERN } from "./service_user.ts";
