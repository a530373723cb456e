/** Keeps the pages of releases locked in memory, whatever becomes of the agent. */

export { checkPinnable, type PinNeed } from "./pin_plan.ts";
export * from "./pin_status.ts";
export * from "./pins.ts";
