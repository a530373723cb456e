/**
 * What happens to a release after its switch: whether it crashes or turns unwell. Whether that is a failure of the rollout is
 * for `rollout/watch.ts` to say.
 *
 * @module
 */

import { thisHost } from "../../host/mod.ts";
import {
  type CensusReading,
  isFailureOf,
  isWatched,
  type Policy,
  type ReleaseIdentity,
} from "../../rollout/mod.ts";
import type { ServiceStatus } from "../runner/messages.ts";
import { type Deps, healthPatch, type State } from "./state.ts";

/** Key of the timer that looks whether a release has come to itself. */
const DUE_TIMER = "trouble";

/** The service as it was before its status has changed. */
interface ServiceBefore {
  readonly status: ServiceStatus | null;
  readonly running: ReleaseIdentity | null;
}

/**
 * Notes that the release that runs does not serve any more. A service that runs and is unwell when the agent starts has turned
 * so while nobody looked; one that does not run may have ended with its machine.
 */
export function noteTrouble(state: State, before: ServiceBefore, deps: Deps): void {
  const { context: { clock } } = deps;
  const { status } = state;
  const nowMs = clock.nowMs();
  if (isServing(status)) {
    // It has come to itself before that counted.
    if (state.trouble !== null && nowMs < state.trouble.dueMs) state.trouble = null;
    return;
  }
  const release = before.status === null ? state.running : before.running;
  const wasServing = before.status === null ? status?.version !== null : isServing(before.status);
  if (status === null || release === null || release.version === null || !wasServing) return;
  if (status.health.ok || state.trouble?.release.version === release.version) return;
  const { version, infoHash, restart } = release;
  state.trouble = {
    release: { version, infoHash, restart },
    reason: `${version} has failed after its switch: ${status.health.reason}${lastWords(deps)}`,
    sinceMs: nowMs,
    sinceWallMs: clock.wallTimeMs(),
    dueMs: nowMs,
  };
}

/**
 * Notes that a release has ended that has passed its trial, and whose switch is not reported yet: when the report is answered,
 * it may run again.
 */
export function noteEnd(state: State, deps: Deps): void {
  const { status, running } = state;
  if (status === null || status.version !== null) return;
  const version = running?.version ?? null;
  noteTrouble(state, { status: { ...status, version, health: { ok: true } }, running }, deps);
}

/** A status in which the service serves. */
function isServing(status: ServiceStatus | null): boolean {
  return status !== null && status.version !== null && status.health.ok;
}

/**
 * Has the release looked at anew, after its switch, or when an operator has resumed: if it does not serve, it gets as long to come
 * to itself as after a start.
 */
export function lookAgain(
  state: State,
  { health: { deadlineMs } }: Pick<Policy, "health">,
  { context }: Deps,
): void {
  const { status, running } = state;
  const isUnwell = healthPatch(state).state !== "serving";
  if (!isUnwell || status === null || status.health.ok || (running?.version ?? null) === null) {
    state.trouble = null;
    return;
  }
  const version = running?.version ?? "";
  const nowMs = context.clock.nowMs();
  state.trouble = {
    release: { version, infoHash: running?.infoHash, restart: running?.restart },
    reason: `${version} is unwell after its switch: ${status.health.reason}`,
    sinceMs: nowMs,
    sinceWallMs: context.clock.wallTimeMs(),
    dueMs: nowMs + deadlineMs,
  };
  context.timers.after(DUE_TIMER, deadlineMs, { type: "read_due" });
}

/** Forgets what nobody watches, or what its record tells already. */
export function forgetTold(
  state: State,
  reading: CensusReading,
  { options: { host } }: Deps,
): void {
  const { trouble, ranSinceMs } = state;
  if (trouble === null) return;
  const { release, sinceMs, sinceWallMs } = trouble;
  const own = reading.census.slots.get(host)?.slot;
  const isTold = isFailureOf(own, { release, cause: "watch" }) && own?.sinceMs === sinceWallMs;
  if (isTold || !isWatched(reading, release, sinceMs - ranSinceMs)) state.trouble = null;
}

/** The last words of the service, to go behind a reason; empty if it has said nothing. */
function lastWords({ options: { ports = thisHost, store } }: Deps): string {
  const [said] = ports.processes.lastLines(store.layout.serviceLog, 1);
  return said === undefined ? "" : `; its log ends with: ${said}`;
}
