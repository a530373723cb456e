/**
 * Those who wait for one thing to happen, each for so long.
 *
 * @module
 */

import type { Clock } from "../clock.ts";

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** See the head of this file. Bounded by their own time-outs. */
export class Waiters {
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Waits, at most so long. */
  wait(timeoutMs: number, onTimeout: () => Error): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(timeoutMs, () => {
        this.#waiters.delete(waiter);
        reject(onTimeout());
      });
      const waiter: Waiter = {
        resolve() {
          cancel();
          resolve();
        },
        reject(error) {
          cancel();
          reject(error);
        },
      };
      this.#waiters.add(waiter);
    });
  }

  /** It has happened. */
  succeed(): void {
    for (const waiter of this.#take()) waiter.resolve();
  }

  /** It will not happen. */
  fail(error: Error): void {
    for (const waiter of this.#take()) waiter.reject(error);
  }

  #take(): readonly Waiter[] {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    return waiters;
  }
}
