/** How busy the machine is: a benchmark of links says nothing if the processors were the limit. */

/** Jiffies since the start of the machine, all processors together. */
export interface CpuTimes {
  readonly idle: number;
  readonly all: number;
}

/** The machine's times so far, from proc(5). */
export function readCpuTimes(): CpuTimes {
  const [line = ""] = Deno.readTextFileSync("/proc/stat").split("\n");
  // user, nice, system, idle, iowait, irq, softirq, steal
  const times = line.split(/\s+/).slice(1, 9).map(Number);
  const idle = (times[3] ?? 0) + (times[4] ?? 0);
  return { idle, all: times.reduce((sum, time) => sum + time, 0) };
}

/** The idle part between two readings, 0 to 1. */
export function idleShare(before: CpuTimes, after: CpuTimes): number {
  const all = after.all - before.all;
  return all === 0 ? 1 : (after.idle - before.idle) / all;
}
