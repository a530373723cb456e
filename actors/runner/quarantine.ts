/**
 * The quarantine of this host's service: it begins when the service was started again too often, and ends when it has been
 * well for a while, or when an operator says so.
 *
 * @module
 */

import { isAtRest, isFlapping, withRestart } from "./flapping.ts";
import { type Deps, type State, tellFacts } from "./health.ts";

/** Notes a restart, which may be one too many. */
export function noteRestart(state: State, { options, context }: Deps): void {
  const { quarantine: limits } = options.config;
  state.restartTimes = withRestart(state.restartTimes, context.clock.nowMs(), limits);
  if (state.quarantined !== null || !isFlapping(state.restartTimes, limits)) return;
  const reason = `started again more than ${limits.restarts} times within ${
    limits.within / 1_000
  } s`;
  state.quarantined = { reason, sinceMs: context.clock.wallTimeMs() };
  context.log.warn("{service}: in quarantine, {reason}: no rollout counts on this host", {
    service: options.service,
    reason,
  });
}

/** Ends the quarantine when the service has been well for long enough. */
export function endQuarantineAtRest(state: State, deps: Deps): void {
  const { options, context } = deps;
  const { quarantine: limits } = options.config;
  const { row: { passesSinceMs }, health } = state;
  if (!health.ok || !isAtRest(passesSinceMs, context.clock.nowMs(), limits)) return;
  endQuarantine(state, deps, `well for ${limits.wellFor / 1_000} s`);
}

/** Ends the quarantine, if there is one. The restarts before it count no more. */
export function endQuarantine(state: State, { options, context }: Deps, why: string): void {
  if (state.quarantined === null) return;
  state.quarantined = null;
  state.restartTimes = [];
  tellFacts(state, options);
  context.log.info("{service}: the quarantine is over, {why}", { service: options.service, why });
}
