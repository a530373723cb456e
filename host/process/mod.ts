/** The service's process: what to run, starting, adopting and stopping it, and asking how it is. */

export * from "./commands.ts";
export * from "./health_check.ts";
export * from "./service_process.ts";
export { SERVICE_USER_PATTERN } from "./service_user.ts";
