/**
 * Keeps the pages of releases locked in memory, also while the agent restarts. pins.ts, on the agent's
 * side, starts and ends one keeper process per release; keeper.ts, in that process, locks the pages.
 * The two meet in one status file, which the keeper writes and the agent reads.
 */

export { rankKeeper } from "./oom_score.ts";
export { checkPinnable, type PinNeed } from "./pin_plan.ts";
export { provenBytesOf } from "./pin_proof.ts";
export * from "./pin_status.ts";
export * from "./pins.ts";
