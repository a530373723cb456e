/**
 * The seconds of a transfer, in which all its time-outs are counted. They are counted and not read from a clock, so
 * that a clock that jumps, or a process that stood still, ends no connection.
 */

import { type Clock, sleep } from "../../base/clock.ts";

/** Length of a tick. */
export const TICK_MS = 1000;
/** A process that was stopped or a clock that jumped counts as at most so much: it must not show as a strange rate. */
const MAX_TICK_SECONDS = 3;

/** Counts seconds from {@link start} until the signal is aborted. */
export class Ticker {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #tick = 0;
  #running: Promise<void> | undefined;

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
  }

  /** How many seconds have been counted. */
  get tick(): number {
    return this.#tick;
  }

  /** Begins to count; `onTick` is called once a second, with how long that second was. */
  start(onTick: (seconds: number) => void): void {
    this.#running = this.#run(onTick);
  }

  /** Resolves when nothing is counted any more, after the signal was aborted. */
  async ended(): Promise<void> {
    await this.#running;
  }

  async #run(onTick: (seconds: number) => void): Promise<void> {
    let lastMs = this.#clock.nowMs();
    while (!this.#signal.aborted) {
      await sleep(this.#clock, TICK_MS, this.#signal);
      if (this.#signal.aborted) return;
      const nowMs = this.#clock.nowMs();
      const passedSeconds = (nowMs - lastMs) / 1000;
      lastMs = nowMs;
      this.#tick++;
      onTick(Math.min(Math.max(passedSeconds, TICK_MS / 2000), MAX_TICK_SECONDS));
    }
  }
}
