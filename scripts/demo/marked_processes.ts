/**
 * Finds and ends every process of one demo, whichever process started it: all of them carry the demo's mark in their
 * environment, which children inherit. So what an agent has left running when it was killed is found as well. Linux alone
 * (`/proc`). The guard loads this file without the project's config, so it may import no packages.
 *
 * @module
 */

import {
  isRunning,
  type ProcessEntry,
  readProcess,
  runningProcesses,
  startedWith,
} from "../../host/process/process_table.ts";
import { signalProcess } from "../../host/process/signals.ts";

/** The environment variable that marks the processes of a demo. */
export const MARK_VARIABLE = "ROLLCALL_DEMO";

/** How to end the processes. */
export interface EndOptions {
  /** How long they may take after SIGTERM before SIGKILL. */
  readonly graceMs: number;
}

/** What ending them took. */
export interface EndResult {
  /** Processes that were found running. */
  readonly foundCount: number;
  /** Processes that did not end on SIGTERM. */
  readonly killedCount: number;
  /** Processes that still run. */
  readonly leftCount: number;
}

/** How often it is checked whether processes have ended. */
const POLL_MS = 50;
/** A process that is being ended may start another one at that moment; none does so three times. */
const MAX_ROUNDS = 3;
/**
 * So often in a row none is found before that is believed: while a process is executing its program (execve(2)), its environment
 * is empty for a moment.
 */
const QUIET_LOOKS = 3;
/** How long a process may take to end after SIGKILL: the kernel needs a moment for gigabytes of locked memory. */
const KILL_WAIT_MS = 5_000;

/** Every running process with this mark, except this one. */
export function findMarked(mark: string): ProcessEntry[] {
  return runningProcesses().filter(({ pid }) =>
    pid !== Deno.pid && startedWith(pid, { name: MARK_VARIABLE, value: mark })
  );
}

/** Ends every process with this mark: SIGTERM, a grace, SIGKILL. */
export async function endMarked(mark: string, { graceMs }: EndOptions): Promise<EndResult> {
  let foundCount = 0;
  let killedCount = 0;
  let quietLooks = 0;
  for (let round = 0; round < MAX_ROUNDS && quietLooks < QUIET_LOOKS;) {
    const processes = findMarked(mark);
    if (processes.length === 0) {
      quietLooks++;
      await pause();
      continue;
    }
    quietLooks = 0;
    round++;
    foundCount += processes.length;
    for (const found of processes) signalProcess(found, "SIGTERM");
    const stubborn = await waitUntilGone(processes, graceMs);
    killedCount += stubborn.length;
    for (const found of stubborn) signalProcess(found, "SIGKILL");
    await waitUntilGone(stubborn, KILL_WAIT_MS);
  }
  return { foundCount, killedCount, leftCount: findMarked(mark).length };
}

/** Bytes that the kernel holds locked for the processes with this mark (`VmLck`, proc(5)). */
export function countLockedBytes(mark: string): number {
  let lockedBytes = 0;
  for (const { pid } of findMarked(mark)) {
    try {
      const [, kib = "0"] = /^VmLck:\s+(\d+) kB$/m.exec(
        Deno.readTextFileSync(`/proc/${pid}/status`),
      ) ?? [];
      lockedBytes += Number(kib) * 1024;
    } catch {
      // The process has ended since it was found.
    }
  }
  return lockedBytes;
}

/** Waits until all have ended; returns those that have not when the time is up. */
async function waitUntilGone(
  processes: readonly ProcessEntry[],
  deadlineMs: number,
): Promise<ProcessEntry[]> {
  for (let waitedMs = 0;; waitedMs += POLL_MS) {
    const left = processes.filter(isStillRunning);
    if (left.length === 0 || waitedMs >= deadlineMs) return left;
    await pause();
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, POLL_MS));
}

function isStillRunning({ pid, startTimeTicks }: ProcessEntry): boolean {
  const now = readProcess(pid);
  return now !== null && isRunning(now) && now.startTimeTicks === startTimeTicks;
}
