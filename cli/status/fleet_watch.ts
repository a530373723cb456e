/**
 * Follows the fleet: takes a new snapshot whenever something in the tree has changed.
 *
 * @module
 */

import { type Fleet, readFleet } from "../../coordination/mod.ts";
import { sleep, systemClock } from "../../base/clock.ts";
import { ROOT } from "../../rollout/mod.ts";
import type { ZooKeeper } from "../../zookeeper/mod.ts";
import { isPassing } from "../shared/zookeeper_session.ts";
import type { FleetDisplay } from "./fleet_display.ts";

/** Least time between two snapshots, so that watching a busy fleet costs the ensemble only a few reads a second. */
const SNAPSHOT_GAP_MS = 200;

/** Longest time between two snapshots: even if nothing changes, ages do, and a watch may have been lost. */
const SNAPSHOT_MAX_MS = 2_000;

/** How long a snapshot may take before the one before it counts as old: longer than any election of a healthy ensemble's leader. */
const STALE_AFTER_MS = 3_000;

/** How long the last snapshot is waited for when it was stopped: as long as an answer takes that is on its way. */
const LAST_READING_MS = 2_000;

/**
 * Takes snapshots until `isOver` says so or the signal aborts. Where ZooKeeper does not answer, the display says so, since what
 * it shows may be old.
 *
 * @returns The last snapshot; `null` if it was stopped while it waited for one.
 */
export async function watchFleet(
  zookeeper: ZooKeeper,
  options: {
    readonly display: FleetDisplay;
    readonly signal: AbortSignal;
    readonly isOver: (fleet: Fleet) => boolean;
  },
): Promise<Fleet | null> {
  const { display, signal, isOver } = options;
  let wake = () => {};
  const watch = await zookeeper.watch(ROOT, { recursive: true }, () => wake());
  try {
    for (;;) {
      const changed = new Promise<void>((resolve) => wake = resolve);
      const fleet = await readPatiently(zookeeper, options);
      if (fleet === null) return null;
      display.show(fleet);
      if (isOver(fleet) || signal.aborted) return fleet;
      await pause(SNAPSHOT_GAP_MS, signal);
      const idle = new AbortController();
      await Promise.race([changed, pause(SNAPSHOT_MAX_MS, AbortSignal.any([signal, idle.signal]))]);
      idle.abort();
    }
  } finally {
    await display.done();
    await watch.remove().catch(() => {});
  }
}

/**
 * Reads a snapshot; while the connection is lost, it tries again, because the session is restored by itself, and has the display
 * say that what it shows is old.
 */
async function readPatiently(
  zookeeper: ZooKeeper,
  { display, signal }: { readonly display: FleetDisplay; readonly signal: AbortSignal },
): Promise<Fleet | null> {
  const sinceMs = systemClock.wallTimeMs();
  const cancel = systemClock.after(STALE_AFTER_MS, () => display.showStale(sinceMs));
  const stopped = Promise.withResolvers<null>();
  let cancelStop = () => {};
  const stop = () => {
    cancelStop = systemClock.after(LAST_READING_MS, () => stopped.resolve(null));
  };
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop);
  try {
    for (;;) {
      const reading = readFleet(zookeeper);
      // Whoever has stopped does not wait until the connection counts as lost; what becomes of the reading is nobody's concern.
      reading.catch(() => {});
      try {
        return await Promise.race([reading, stopped.promise]);
      } catch (error) {
        if (!isPassing(error)) throw error;
        if (signal.aborted) return null;
        await pause(SNAPSHOT_GAP_MS, signal);
      }
    }
  } finally {
    cancel();
    cancelStop();
    signal.removeEventListener("abort", stop);
  }
}

function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  return sleep(systemClock, durationMs, signal);
}
