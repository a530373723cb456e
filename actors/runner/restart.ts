/**
 * Starting the service again: after it has ended by itself, or when it hangs. When is decided here; a host asks nobody.
 *
 * A host whose service is down or unwell counts as away already, so that a restart takes nothing from the fleet, and it must
 * work without ZooKeeper. But what all hosts need may be away: then all of them are unwell at once, and to start all of them
 * again at once, again and again, would be a second outage. So each waits for a time of its own, which doubles while restarts
 * do not help for long, and one that has not been well since its last start is left as it is
 * (docs/decisions/024-restarts-without-asking.md).
 *
 * @module
 */

import type { ActorContext } from "../runtime/mod.ts";
import type { RunnerMessage } from "./messages.ts";
import type { State } from "./health.ts";

/** Wait before the first restart after a crash. It doubles with each crash: 1 s, 2 s, 4 s, … */
const FIRST_RESTART_DELAY_MS = 1_000;

/** Longest wait before a restart: what the service needs may be back, so it is tried at least twice a minute. */
const LONGEST_RESTART_DELAY_MS = 30_000;

/** How long a process must run for the next crash to count as the first one again. */
const STEADY_MS = 60_000;

/** Longest wait before a service that hangs again and again is started again: somebody has to look by then. */
const LONGEST_HANG_MS = 600_000;

/** How long a process must run for the next hang to count as the first one again: longer than the longest wait. */
const STEADY_AFTER_HANG_MS = 1_800_000;

/** By how much a wait is spread at the most, so that the hosts of a fleet do not act at the same moment. */
const SPREAD = 0.5;

/** The wait before a service is started again that has ended `crashes` times in a row before. `chance`: from 0 to 1. */
export function crashDelayMs(crashes: number, chance: number): number {
  const delayMs = Math.min(LONGEST_RESTART_DELAY_MS, FIRST_RESTART_DELAY_MS * 2 ** crashes);
  return delayMs * (1 + SPREAD * chance);
}

/** Whether a process that has run so long has come to rest, so that its next crash is the first one again. */
export function isSteady(ranMs: number): boolean {
  return ranMs >= STEADY_MS;
}

/** Whether a process that has run so long has come to rest, so that its next hang is the first one again. */
export function isSteadyAfterHang(ranMs: number): boolean {
  return ranMs >= STEADY_AFTER_HANG_MS;
}

/**
 * How much longer a service is left that has failed as many checks in a row as the config says, in ms: it may come to itself.
 * At first at most as long as those checks took, then twice as long with each restart before.
 */
export function hangDelayMs(
  { checkedForMs, hangs, chance }: {
    /** How long those checks take. */
    readonly checkedForMs: number;
    /** Restarts of a service that hung, without a long rest in between. */
    readonly hangs: number;
    /** From 0 to 1. */
    readonly chance: number;
  },
): number {
  const backOffMs = hangs === 0 ? 0 : checkedForMs * 2 ** (hangs - 1);
  return Math.min(LONGEST_HANG_MS, backOffMs + checkedForMs * chance);
}

/** Has the service started again after it has ended by itself, or could not be started. */
export function scheduleRestart(state: State, context: ActorContext<RunnerMessage>): void {
  const delayMs = crashDelayMs(state.crashes, context.random.next());
  state.crashes++;
  context.timers.after("restart", delayMs, { type: "restart_due" });
}
