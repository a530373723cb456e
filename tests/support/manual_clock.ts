/** A clock that stands still until a test moves it. It fits everywhere a clock is handed in. */

import type { Cancel, Clock } from "../../base/clock.ts";

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** See the file's head. */
export class ManualClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<Timer>();
  /** What the wall shows beyond the time that has passed; to be set by hand. */
  wallOffsetMs: number;

  constructor(wallOffsetMs = 1_700_000_000_000) {
    this.wallOffsetMs = wallOffsetMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallTimeMs(): number {
    return this.wallOffsetMs + this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Cancel {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** How many timers wait. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Lets time pass; timers run in their order, each at its own time. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    while (this.#runNext(untilMs));
    this.#nowMs = untilMs;
  }

  /** Lets time pass, and after each timer all promises that are due go on before the next one runs. */
  async advanceSettled(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    do await settle(); while (this.#runNext(untilMs));
    this.#nowMs = untilMs;
    await settle();
  }

  /** As if the process had stood still: every timer that is due runs late, at the end. */
  jump(byMs: number): void {
    this.#nowMs += byMs;
    for (const timer of [...this.#timers]) {
      if (timer.atMs > this.#nowMs || !this.#timers.delete(timer)) continue;
      timer.callback();
    }
  }

  #runNext(untilMs: number): boolean {
    const [next] = [...this.#timers].sort((a, b) => a.atMs - b.atMs);
    if (next === undefined || next.atMs > untilMs) return false;
    this.#timers.delete(next);
    this.#nowMs = Math.max(this.#nowMs, next.atMs);
    next.callback();
    return true;
  }
}

/** Lets promises that are due go on; none of them may wait for anything real. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
