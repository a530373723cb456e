/** Measures how busy the processors are: if they are the limit, a benchmark of links says nothing. */

/** Processor times since boot, of all processors together, in clock ticks. */
export interface CpuTimes {
  readonly idle: number;
  readonly all: number;
}

/** Reads the times so far from /proc/stat; see proc(5). */
export function readCpuTimes(): CpuTimes {
  const [line = ""] = Deno.readTextFileSync("/proc/stat").split("\n");
  // user, nice, system, idle, iowait, irq, softirq, steal
  const times = line.split(/\s+/).slice(1, 9).map(Number);
  const idle = (times[3] ?? 0) + (times[4] ?? 0);
  return { idle, all: times.reduce((sum, time) => sum + time, 0) };
}

/** The idle share between two readings, from 0 to 1. */
export function idleShare(before: CpuTimes, after: CpuTimes): number {
  const all = after.all - before.all;
  return all === 0 ? 1 : (after.idle - before.idle) / all;
}
