/**
 * A clock that stands still until a test moves it. Part of the public test kit.
 *
 * @module
 */

import { type Cancel, type Clock, systemClock } from "../clock.ts";

/** A scheduled callback. */
interface Due {
  readonly atMs: number;
  readonly callback: () => void;
}

/**
 * Most turns of the event loop that {@linkcode VirtualClock.settle} waits. A system handles some
 * thousand messages in each; actors that are still busy then keep each other busy for ever.
 */
const SETTLE_TURNS_LIMIT = 10_000;

/**
 * A clock for tests. Time passes only in {@linkcode VirtualClock.advance}, which calls back what is
 * due in order, and lets the actors come to rest after each.
 *
 * @example
 * ```ts
 * import { VirtualClock } from "./virtual_clock.ts";
 *
 * const clock = new VirtualClock();
 * const rings: number[] = [];
 * clock.after(60_000, () => rings.push(clock.wallTimeMs()));
 * await clock.advance(59_999);
 * if (rings.length > 0) throw new Error("too early");
 * await clock.advance(1);
 * if (rings[0] !== 60_000) throw new Error("too late");
 * ```
 */
export class VirtualClock implements Clock {
  readonly #startMs: number;
  #elapsedMs = 0;
  /** In the order in which they are due; equal times in the order of scheduling. */
  readonly #due: Due[] = [];
  #pendingTurns = 0;

  /** Starts at this wall-clock time, milliseconds since 1970. */
  constructor(startMs = 0) {
    this.#startMs = startMs;
  }

  /** Number of scheduled callbacks. Tests find forgotten timers by it. */
  get scheduledCount(): number {
    return this.#due.length;
  }

  /** {@inheritDoc Clock.wallTimeMs} */
  wallTimeMs(): number {
    return this.#startMs + this.#elapsedMs;
  }

  /** {@inheritDoc Clock.nowMs} */
  nowMs(): number {
    return this.#elapsedMs;
  }

  /** {@inheritDoc Clock.after} */
  after(delayMs: number, callback: () => void): Cancel {
    const due: Due = { atMs: this.#elapsedMs + Math.max(0, delayMs), callback };
    const before = this.#due.findIndex((other) => other.atMs > due.atMs);
    this.#due.splice(before === -1 ? this.#due.length : before, 0, due);
    return () => {
      const index = this.#due.indexOf(due);
      if (index !== -1) this.#due.splice(index, 1);
    };
  }

  /** {@inheritDoc Clock.nextTurn} */
  nextTurn(callback: () => void): void {
    this.#pendingTurns++;
    systemClock.nextTurn(() => {
      this.#pendingTurns--;
      callback();
    });
  }

  /** Lets time pass. Resolves when all that fell due has been called and the actors are at rest. */
  async advance(durationMs: number): Promise<void> {
    const untilMs = this.#elapsedMs + durationMs;
    await this.settle();
    for (;;) {
      const next = this.#due[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#due.shift();
      this.#elapsedMs = Math.max(this.#elapsedMs, next.atMs);
      next.callback();
      await this.settle();
    }
    this.#elapsedMs = untilMs;
  }

  /**
   * Lets time pass from one moment at which something is due to the next, until `isReached` says so
   * between two of them; false if it never does within `withinMs`. All that is due at one moment is
   * called back before any actor runs: which of the actors runs first is then the run order's
   * choice, not that of who set its timer first, as in {@linkcode VirtualClock.advance}.
   */
  async advanceUntil(
    isReached: () => boolean,
    { withinMs }: { readonly withinMs: number },
  ): Promise<boolean> {
    const untilMs = this.#elapsedMs + withinMs;
    for (;;) {
      await this.settle();
      if (isReached()) return true;
      const next = this.#due[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#jumpTo(next.atMs);
    }
    this.#elapsedMs = untilMs;
    return false;
  }

  /**
   * Lets time jump, as it does when a process was suspended or its event loop was busy: everything
   * that is due by then is called back late, in one go, before any actor runs.
   */
  jump(durationMs: number): void {
    this.#jumpTo(this.#elapsedMs + durationMs);
  }

  #jumpTo(elapsedMs: number): void {
    this.#elapsedMs = Math.max(this.#elapsedMs, elapsedMs);
    for (;;) {
      const next = this.#due[0];
      if (next === undefined || next.atMs > this.#elapsedMs) return;
      this.#due.shift();
      next.callback();
    }
  }

  /**
   * Resolves when the actors have handled their messages and promises that wait for nothing from
   * outside have resolved. Time does not pass.
   *
   * @throws {Error} If they are still busy after some ten thousand turns of the event loop.
   */
  async settle(): Promise<void> {
    for (let turn = 0; turn < SETTLE_TURNS_LIMIT; turn++) {
      await new Promise<void>((resolve) => systemClock.nextTurn(resolve));
      if (this.#pendingTurns === 0) return;
    }
    throw new Error(
      `settle the virtual clock: expected the actors to come to rest within ${SETTLE_TURNS_LIMIT} ` +
        "turns of the event loop, they are still busy; look for two that answer each other for ever",
    );
  }
}
