/**
 * Why a keeper has ended that was not told to: as its parent has learnt it, and as the kernel counts whom it has killed.
 *
 * @module
 */

import { type Clock, sleep } from "../../base/clock.ts";
import type { ChildExit } from "../process/detached_spawn.ts";
import { readOomKillsOf } from "./memory_reading.ts";
import type { PinStatus } from "./pin_status.ts";

/** How long to wait until the parent of a process that has ended knows how. */
const EXIT_NOTICE_MS = 1_000;

/**
 * Says how it has ended, if this process had started it, and whether the kernel has killed processes of its cgroup for lack of
 * memory since it began.
 */
export async function describePinEnd(
  { exited, began }: {
    /** How it has ended; `undefined`: it was adopted, and nobody is told. */
    readonly exited: Promise<ChildExit> | undefined;
    /** The count when it began. */
    readonly began: PinStatus["oomKills"];
  },
  clock: Clock,
): Promise<string> {
  const end = describeExit(await settledSoon(exited, clock));
  const count = began === undefined ? null : readOomKillsOf(began.file);
  if (began === undefined || count === null) return end;
  const killed = count - began.count;
  return killed > 0
    ? `${end}; the kernel's OOM killer has ended ${killed} of the processes there since it began ` +
      `(oom_kill of ${began.file})`
    : `${end}, and not by the kernel's OOM killer (oom_kill of ${began.file})`;
}

function describeExit(exit: ChildExit | null): string {
  if (exit === null) return "nobody saw how";
  return exit.signal === null ? `with exit status ${exit.code}` : `killed by ${exit.signal}`;
}

/** The kernel shows a process as ended a moment before its parent is told how. */
async function settledSoon(
  exited: Promise<ChildExit> | undefined,
  clock: Clock,
): Promise<ChildExit | null> {
  if (exited === undefined) return null;
  const waiting = new AbortController();
  try {
    const late = sleep(clock, EXIT_NOTICE_MS, waiting.signal).then(() => null, () => null);
    return await Promise.race([exited, late]);
  } finally {
    waiting.abort();
  }
}
