/**
 * Whether this process needs more than one thread: while it uses less than a whole processor it either has little to do,
 * or others have the processors, and in both cases work that it hands to another thread is done no sooner.
 */

import { cpuUsage } from "node:process";

/** Measured over that much of the process's own time: a thousand times the clock's grain, little of a second's transfer. */
const SPAN_MS = 50;
/** Of one processor. A fetcher that is limited by it comes to 0.95, one that a slow sender keeps waiting to 0.7. */
const MIN_SHARE = 0.85;

/** See the file's head. */
export class CpuSaturation {
  readonly #nowMs: () => number;
  readonly #usedMs: () => number;
  #sinceMs: number;
  #sinceUsedMs: number;
  #isFull = false;

  /**
   * @param nowMs a clock, of which only differences mean something.
   * @param usedMs the time that all of this process's threads have run. Default: getrusage(2).
   */
  constructor(nowMs: () => number, usedMs: () => number = processorMs) {
    this.#nowMs = nowMs;
    this.#usedMs = usedMs;
    this.#sinceMs = nowMs();
    this.#sinceUsedMs = usedMs();
  }

  /** Whether the process lately used a whole processor, or more; false until it has run for a while. */
  get isFull(): boolean {
    const usedMs = this.#usedMs();
    const spanMs = usedMs - this.#sinceUsedMs;
    if (spanMs < SPAN_MS) return this.#isFull;
    const nowMs = this.#nowMs();
    this.#isFull = spanMs >= (nowMs - this.#sinceMs) * MIN_SHARE;
    this.#sinceMs = nowMs;
    this.#sinceUsedMs = usedMs;
    return this.#isFull;
  }
}

function processorMs(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1000;
}
