/**
 * The host's place in the staging queue, and the host that it waits for there.
 *
 * @module
 */

import { covers, stagingPath } from "../../rollout/mod.ts";
import type { ZooKeeper } from "../../zookeeper/mod.ts";
import type { Deps, Reading, State } from "./state.ts";

/** Whether the host is in the queue exactly once, with that version. */
export function isQueued(reading: Reading, version: string, host: string): boolean {
  const nodes = reading.stagingNodes.filter((node) => node.host === host);
  return nodes.length === 1 &&
    reading.view.staged.some((entry) => entry.host === host && entry.version === version);
}

/**
 * Watches the host before this one in the staging queue, and no other: if every host watched the whole queue, every change
 * would wake the whole fleet.
 *
 * @returns The number of hosts of the wave that are before this one.
 */
export function watchPredecessor(
  state: State,
  reading: Reading,
  on: { zookeeper: ZooKeeper; deps: Deps },
): number {
  const { options, context } = on.deps;
  const { wave } = reading.view;
  // Hosts that the wave does not cover stay in the queue for a later one.
  const queue = reading.stagingNodes.filter(({ host }) =>
    host === options.host || wave === null || covers(wave, host)
  );
  const aheadCount = Math.max(0, queue.findIndex(({ host }) => host === options.host));
  const predecessor = queue[aheadCount - 1]?.node ?? null;
  if (predecessor === null || predecessor === state.predecessor) return aheadCount;
  state.predecessor = predecessor;
  const path = stagingPath(options.service, predecessor);
  context.pipeToSelf(
    (signal) =>
      on.zookeeper.exists(path, {
        watch: () => context.self.tell({ type: "znode_changed", path }),
        signal,
      }),
    {
      // If it is gone already, the watch will not fire.
      ok: (stat) => ({
        type: "acted",
        what: "watch the predecessor",
        error: stat === null ? GONE : null,
      }),
      error: (error) => ({ type: "acted", what: "watch the predecessor", error }),
    },
    { key: "predecessor" },
  );
  return aheadCount;
}

const GONE = new Error("it is gone already");
