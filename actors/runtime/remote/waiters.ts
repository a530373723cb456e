/**
 * Promises that wait for one event, each with a time-out.
 *
 * @module
 */

import type { Clock } from "../clock.ts";

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The promises that wait for one event. Their time-outs bound their number. */
export class Waiters {
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Waits for the event. Rejects with the error of `onTimeout` after the time-out. */
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

  /** Resolves all that wait: the event has happened. */
  succeed(): void {
    for (const waiter of this.#take()) waiter.resolve();
  }

  /** Rejects all that wait: the event will not happen. */
  fail(error: Error): void {
    for (const waiter of this.#take()) waiter.reject(error);
  }

  #take(): readonly Waiter[] {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    return waiters;
  }
}
