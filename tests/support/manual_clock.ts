/** A clock for tests, which can be handed in wherever a clock is expected. */

import type { Cancel, Clock } from "../../base/clock.ts";

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** A clock that stands still until `advance` or `jump` moves it. */
export class ManualClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<Timer>();
  /** The wall-clock time at the start, in milliseconds since 1970; a test may change it to make the wall clock jump. */
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

  /** Turns of the event loop go on while the time stands still. */
  nextTurn(callback: () => void): void {
    setImmediate(callback);
  }

  /** The number of timers that have not run yet. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Moves the time forward. Timers that are due run in their order, each at its own time. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    while (this.#runNext(untilMs));
    this.#nowMs = untilMs;
  }

  /** Moves the time forward, and lets promises settle after each timer before the next one runs. */
  async advanceSettled(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    do await settle(); while (this.#runNext(untilMs));
    this.#nowMs = untilMs;
    await settle();
  }

  /** Moves the time at once, as if the process had been suspended: all timers that are due run late, at the end. */
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

/** Lets promises settle that depend on nothing but the clock and on each other. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
