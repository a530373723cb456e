/**
 * Whether this process is limited by one processor, so that a second thread would help. While it uses less than a whole
 * processor, it either has little to do or other processes use the processors; in both cases work that it hands to
 * another thread is done no sooner.
 */

import { cpuUsage } from "node:process";

/**
 * Processor time over which the share is measured: a thousand times the clock's grain, and little of a second's
 * transfer.
 */
const SPAN_MS = 50;
/**
 * Share of one processor from which on a process counts as limited by it: a leecher that is reaches 0.95, one that
 * waits for a slow sender 0.7.
 */
const MIN_SHARE = 0.85;

/** Measures the share of one processor that this process uses. */
export class CpuSaturation {
  readonly #nowMs: () => number;
  readonly #usedMs: () => number;
  #sinceMs: number;
  #sinceUsedMs: number;
  #isFull = false;

  /**
   * @param nowMs a clock; only differences of its times mean something.
   * @param usedMs the processor time that all threads of this process have used. Default: getrusage(2).
   */
  constructor(nowMs: () => number, usedMs: () => number = processorMs) {
    this.#nowMs = nowMs;
    this.#usedMs = usedMs;
    this.#sinceMs = nowMs();
    this.#sinceUsedMs = usedMs();
  }

  /** Whether the process lately used a whole processor or more; false until it has run for a while. */
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
