/**
 * The host's place in the staging queue, and what wakes it there: the end of the host before it, or as one of those that may
 * be next, the admission counter. If every host watched the whole queue, every change would wake the whole fleet.
 *
 * @module
 */

import { apply } from "../../coordination/mod.ts";
import { covers, isQuorumMet, slotsPath, stagingPath, transactions } from "../../rollout/mod.ts";
import type { ZooKeeper } from "../../zookeeper/mod.ts";
import { act } from "./act.ts";
import type { Deps, Reading, State } from "./state.ts";

/**
 * Sees to it that the host is woken when it is its turn.
 *
 * @returns Whether it may be next: hosts stay in the queue while they switch, so as many as may switch at once are. So is a host
 * that is down, which waits for nobody in the queue.
 */
export function awaitTurn(
  state: State,
  reading: Reading,
  on: { zookeeper: ZooKeeper; deps: Deps },
): boolean {
  const { options } = on.deps;
  const { wave, policy, current } = reading.view;
  // Hosts that the wave does not cover stay in the queue for a later one.
  const queue = reading.stagingNodes.filter(({ host }) =>
    host === options.host || wave === null || covers(wave, host)
  );
  const aheadCount = Math.max(0, queue.findIndex(({ host }) => host === options.host));
  const predecessor = queue[aheadCount - 1]?.node ?? null;
  if (predecessor !== null) watchPredecessor(state, predecessor, on);
  const isDown = current.get(options.host)?.state !== "serving";
  const isNext = wave?.service === options.service &&
    (isDown || aheadCount < policy.maxConcurrent);
  if (isNext) watchCounter(state, reading, on);
  return isNext;
}

/**
 * Moves the admission counter on if this host has completed the quorum by joining the queue: the head does not see who joins
 * behind it. Of two that join at once both may do so, which does no harm.
 *
 * @returns Whether that is under way.
 */
export function wakeHead(
  state: State,
  reading: Reading,
  { zookeeper, deps }: { zookeeper: ZooKeeper; deps: Deps },
): boolean {
  const { service } = deps.options;
  const isFirstLook = state.joinedBelowQuorum;
  state.joinedBelowQuorum = false;
  const { wave } = reading.view;
  if (!isFirstLook || wave === null || wave.service !== service) return false;
  if (!isQuorumMet(reading.view, wave)) return false;
  const operations = [transactions.bumpCounter(service)];
  act(state, "wake the head of the queue", () => apply(zookeeper, operations), deps);
  return true;
}

function watchPredecessor(
  state: State,
  predecessor: string,
  { zookeeper, deps: { options, context } }: { zookeeper: ZooKeeper; deps: Deps },
): void {
  if (predecessor === state.predecessor) return;
  state.predecessor = predecessor;
  const path = stagingPath(options.service, predecessor);
  context.pipeToSelf(
    (signal) =>
      zookeeper.exists(path, {
        watch: () => context.self.tell({ type: "turn_changed", path }),
        signal,
      }),
    {
      // If it is gone already, the watch will not fire.
      ok: (stat) => ({ type: "turn_watched", path, isCurrent: stat !== null }),
      error: () => ({ type: "turn_watched", path, isCurrent: false }),
    },
    { key: "predecessor" },
  );
}

function watchCounter(
  state: State,
  { view: { slotsVersion } }: Reading,
  { zookeeper, deps: { options, context } }: { zookeeper: ZooKeeper; deps: Deps },
): void {
  if (state.isCounterWatched) return;
  state.isCounterWatched = true;
  const path = slotsPath(options.service);
  context.pipeToSelf(
    (signal) =>
      zookeeper.exists(path, {
        watch: () => context.self.tell({ type: "turn_changed", path }),
        signal,
      }),
    {
      // What has changed between the reading and the watch, the watch does not tell.
      ok: (stat) => ({ type: "turn_watched", path, isCurrent: stat?.version === slotsVersion }),
      error: () => ({ type: "turn_watched", path, isCurrent: false }),
    },
    { key: "counter" },
  );
}

/** Handles the end of a watch of {@link awaitTurn}, or one that could not be set: it is set again after the next reading. */
export function forgetWatch(state: State, path: string, { options }: Deps): void {
  if (path === slotsPath(options.service)) state.isCounterWatched = false;
  else if (path === stagingPath(options.service, state.predecessor ?? "")) state.predecessor = null;
}
