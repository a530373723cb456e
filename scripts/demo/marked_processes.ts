/**
 * Finding and ending every process of one demo, whoever started it: all of them carry the demo's mark in their
 * environment, which children inherit. That also finds what an agent left running when it was killed. Linux (`/proc`).
 *
 * @module
 */

/** The environment variable that marks the processes of a demo. */
export const MARK_VARIABLE = "ROLLCALL_DEMO";

/** A process, told from a later one with the same id by when it started. */
export interface MarkedProcess {
  readonly pid: number;
  /** Field 22 of `/proc/PID/stat`, in clock ticks since boot: proc(5). */
  readonly startTicks: string;
}

/** How to end the processes. */
export interface EndOptions {
  /** How long they may take after SIGTERM before SIGKILL. */
  readonly graceMs: number;
}

/** What it took. */
export interface EndResult {
  /** Processes that were still there. */
  readonly foundCount: number;
  /** Those that did not go on SIGTERM. */
  readonly killedCount: number;
  /** Those that are still there. */
  readonly leftCount: number;
}

const POLL_MS = 50;
// A process that is being ended may start another one in that moment; nothing does so three times.
const MAX_ROUNDS = 3;
// The kernel needs a moment for a process with gigabytes of locked memory.
const KILL_WAIT_MS = 5_000;

/** Every process with this mark, this one excepted. */
export function findMarked(mark: string): MarkedProcess[] {
  const wanted = `\0${MARK_VARIABLE}=${mark}\0`;
  const found: MarkedProcess[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === Deno.pid) continue;
    try {
      // A process that has ended and was not waited for has an empty environment.
      if (!`\0${Deno.readTextFileSync(`/proc/${pid}/environ`)}\0`.includes(wanted)) continue;
      const startTicks = readStartTicks(pid);
      if (startTicks !== null) found.push({ pid, startTicks });
    } catch {
      // It has ended, or belongs to somebody else.
    }
  }
  return found;
}

/** Ends every process with this mark: SIGTERM, a grace, SIGKILL. */
export async function endMarked(mark: string, { graceMs }: EndOptions): Promise<EndResult> {
  let foundCount = 0;
  let killedCount = 0;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const processes = findMarked(mark);
    if (processes.length === 0) break;
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
      // It has ended since.
    }
  }
  return lockedBytes;
}

function signalProcess({ pid, startTicks }: MarkedProcess, signal: Deno.Signal): void {
  if (readStartTicks(pid) !== startTicks) return;
  try {
    Deno.kill(pid, signal);
  } catch {
    // It ended in this moment.
  }
}

async function waitUntilGone(
  processes: readonly MarkedProcess[],
  deadlineMs: number,
): Promise<MarkedProcess[]> {
  for (let waitedMs = 0;; waitedMs += POLL_MS) {
    const left = processes.filter(({ pid, startTicks }) => readStartTicks(pid) === startTicks);
    if (left.length === 0 || waitedMs >= deadlineMs) return left;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** `null`: no such process, or one that has ended and only waits for its parent to notice. */
function readStartTicks(pid: number): string | null {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // The second field is the command's name in brackets, which may hold spaces and brackets itself.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" ? null : fields[18] ?? null;
  } catch {
    return null;
  }
}
