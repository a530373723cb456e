/**
 * Shows one rollout until it ends, and says how it has ended.
 *
 * @module
 */

import { systemClock } from "../../base/clock.ts";
import { type Fleet, readRecord } from "../../coordination/mod.ts";
import { describeStops, formatDurationMs, type Rollout } from "../../rollout/mod.ts";
import type { ZooKeeper } from "../../zookeeper/mod.ts";
import {
  CommandError,
  InterruptedError,
  OutputClosedError,
  TimedOutError,
} from "../shared/errors.ts";
import { listenForStop } from "../shared/stop_signal.ts";
import { createFleetDisplay, type DisplayOptions } from "../status/fleet_display.ts";
import { waysOn } from "../status/head_view.ts";
import { watchFleet } from "../status/fleet_watch.ts";

/** How to follow a rollout. */
export interface FollowOptions extends DisplayOptions {
  /** How long to wait for its end, in milliseconds. Default: as long as it takes. */
  readonly timeout?: number | undefined;
}

/**
 * Shows a rollout until it is finished.
 *
 * @throws {CommandError} when it is halted or aborted; the message says why, and what to do.
 * @throws {TimedOutError} when that takes longer than `timeout`. {@link InterruptedError} at Ctrl-C. {@link OutputClosedError} when
 * nobody reads the output any more. Each ends the view alone: the agents carry on with the rollout.
 */
export async function follow(
  zookeeper: ZooKeeper,
  id: string,
  options: FollowOptions,
): Promise<void> {
  using stop = listenForStop();
  const { timeout } = options;
  const late = new AbortController();
  const cancel = timeout === undefined ? () => {} : systemClock.after(timeout, () => late.abort());
  const startedMs = systemClock.nowMs();
  const isOver = (fleet: Fleet) => hasEnded(fleet, id) || isHalted(fleet);
  const onward = `it goes on without this terminal; see it again: rollcall rollout watch`;
  try {
    const fleet = await watchFleet(zookeeper, {
      display: createFleetDisplay(options),
      signal: AbortSignal.any([stop.signal, late.signal]),
      isOver,
    });
    if (fleet !== null && isOver(fleet)) {
      const record = await recordOf(zookeeper, fleet, id);
      const passedMs = systemClock.nowMs() - startedMs;
      const left = timeout === undefined ? undefined : Math.max(1, timeout - passedMs);
      await followBack(zookeeper, { id, record }, { ...options, timeout: left });
      return expectFinished(fleet, id, record);
    }
  } catch (error) {
    if (error instanceof OutputClosedError) {
      throw new OutputClosedError(
        `rollout ${id}: nobody reads this any more; what is under way goes on: rollcall rollout watch`,
      );
    }
    // While the connection is away nobody knows more than that it has not ended in time.
    if (!late.signal.aborted && !stop.signal.aborted) throw error;
    if (error instanceof CommandError) throw error;
  } finally {
    cancel();
  }
  if (stop.signal.aborted) throw new InterruptedError(`rollout ${id}: ${onward}`);
  throw new TimedOutError(
    `rollout ${id}: not over within ${formatDurationMs(timeout ?? 0)}; ${onward}`,
  );
}

/** Whether it is halted until an operator decides. One that the hosts roll back goes on by itself. */
function isHalted({ control, queue }: Fleet): boolean {
  return control?.state === "halted" && !(control.onFailure === "rollback" && queue.length > 0);
}

/**
 * Shows the rollback of a rollout, if it was rolled back.
 *
 * @throws {CommandError} once that has finished: the rollout itself has failed. Or when the rollback has not.
 */
async function followBack(
  zookeeper: ZooKeeper,
  { id, record }: { readonly id: string; readonly record: Rollout | null },
  options: FollowOptions,
): Promise<void> {
  const rolledBack = record?.rolledBack;
  if (rolledBack === undefined) return;
  const { by, reason } = rolledBack;
  await follow(zookeeper, by, options);
  throw new CommandError(
    `rollout ${id}: ${reason}. It was rolled back by ${by}: what was committed before runs again`,
  );
}

/** Whether the rollout is over. The fleet shows the one that was started last, which is only done after the end of all before. */
function hasEnded({ rollout, queue }: Fleet, id: string): boolean {
  if (rollout === null) return queue.length === 0;
  return rollout.id !== id || rollout.state !== "running";
}

/** The record of the rollout; `null` if it cannot be read. */
async function recordOf(zookeeper: ZooKeeper, { rollout }: Fleet, id: string) {
  if (rollout?.id === id) return rollout;
  return (await readRecord(zookeeper, id))?.entry ?? null;
}

function expectFinished(fleet: Fleet, id: string, record: Rollout | null): void {
  if (record?.state === "finished") return;
  if (record?.state === "aborted") throw new CommandError(`rollout ${id}: aborted`);
  if (fleet.control?.state === "halted" && !hasEnded(fleet, id)) {
    throw new CommandError(`rollout ${id}: ${describeHalt(fleet)}`);
  }
  throw new CommandError(
    `rollout ${id}: it is over, and its record does not say how; see rollcall status`,
  );
}

/** Why the rollout is halted, and what can be done. */
function describeHalt(fleet: Fleet): string {
  const why = fleet.control === null ? "halted" : describeStops(fleet.control);
  // In one line, as all that goes wrong is told.
  return `${why}; ${waysOn(fleet).join("; ")}`;
}
