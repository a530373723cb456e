/**
 * Waits for room on a full disk: what `rollcall fetch` writes itself, beside what the engine writes, is tried again until
 * there is some.
 *
 * @module
 */

import { sleep, systemClock } from "../../base/clock.ts";
import { reasonOf } from "../../base/reason.ts";
import { isDiskFull, TransferError } from "../../torrent/mod.ts";
import { CommandError } from "../shared/errors.ts";
import type { ProgressMonitor } from "./progress_monitor.ts";

/** Time between two attempts while the disk is full. */
const ROOM_POLL_MS = 2_000;

/** For what, how long, and where it is shown. */
export interface RoomWait {
  /** The content's folder, as messages name it. */
  readonly folder: string;
  /** Milliseconds to wait for room; 0: for ever. */
  readonly patienceMs: number;
  readonly monitor: ProgressMonitor;
  readonly signal: AbortSignal;
}

/**
 * Does the work again while the disk is full. The work has to begin anew each time.
 *
 * @throws {CommandError} when there is no room in time, or when it was told to stop meanwhile.
 */
export async function retryWhileFull<Result>(
  work: () => Promise<Result>,
  { folder, patienceMs, monitor, signal }: RoomWait,
  onFull: () => void = () => {},
): Promise<Result> {
  const startedMs = systemClock.nowMs();
  for (;;) {
    try {
      const result = await work();
      monitor.waitFor(undefined);
      return result;
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      const message = describeFull(error, folder);
      if (patienceMs > 0 && systemClock.nowMs() - startedMs >= patienceMs) {
        throw new CommandError(message, { cause: error });
      }
      monitor.waitFor(`${message}; it goes on by itself when there is room`);
      onFull();
      await sleep(systemClock, ROOM_POLL_MS, signal);
      if (!signal.aborted) continue;
      throw new CommandError(`stopped: ${message}; the same command goes on from there`);
    }
  }
}

/** As {@link retryWhileFull}, and shows what it waits for, if it has to wait. */
export async function untilRoom<Result>(
  work: () => Promise<Result>,
  wait: RoomWait,
): Promise<Result> {
  const full = Promise.withResolvers<"full">();
  const working = retryWhileFull(work, wait, () => full.resolve("full"));
  const first = await Promise.race([full.promise, working.then(() => "done" as const)]);
  return first === "done" ? await working : await wait.monitor.showUntil(working);
}

function describeFull(error: unknown, folder: string): string {
  if (error instanceof TransferError) return error.message;
  const cause = error instanceof CommandError ? error.cause : error;
  return `fetch into ${folder}: no room there (${reasonOf(cause)})`;
}
