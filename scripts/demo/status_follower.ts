/**
 * Follows the snapshots that `rollcall status --watch --json` prints: keeps the latest, passes each on, and waits for one
 * that meets a condition.
 *
 * @module
 */

import { within } from "./deadlines.ts";
import { describeFleet, type FleetSnapshot, parseSnapshot } from "./snapshot.ts";

/** What to wait for. */
export interface StatusWait {
  readonly what: string;
  readonly deadlineMs: number;
  readonly until: (snapshot: FleetSnapshot) => boolean;
}

/** The snapshots of one fleet. */
export class StatusFollower {
  readonly #signal: AbortSignal;
  readonly #listeners = new Set<(snapshot: FleetSnapshot) => void>();
  #latest: FleetSnapshot | null = null;

  /** @param signal Ends every wait. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** The newest snapshot; `null` before the first one. */
  get latest(): FleetSnapshot | null {
    return this.#latest;
  }

  /** Takes a line of the command's output. @throws {DemoError} when it is no snapshot. */
  accept(line: string): void {
    const snapshot = parseSnapshot(line);
    this.#latest = snapshot;
    for (const listener of [...this.#listeners]) listener(snapshot);
  }

  /** Calls the listener with every snapshot from now on, until the returned function is called. */
  subscribe(listener: (snapshot: FleetSnapshot) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The first snapshot that meets the condition, beginning with the latest. @throws {DemoError} at the deadline, with the state of each host. */
  async waitFor({ what, deadlineMs, until }: StatusWait): Promise<FleetSnapshot> {
    if (this.#latest !== null && until(this.#latest)) return this.#latest;
    const { promise, resolve } = Promise.withResolvers<FleetSnapshot>();
    const unsubscribe = this.subscribe((snapshot) => {
      if (until(snapshot)) resolve(snapshot);
    });
    try {
      return await within(promise, {
        what,
        deadlineMs,
        signal: this.#signal,
        lastKnown: () => describeFleet(this.#latest),
      });
    } finally {
      unsubscribe();
    }
  }
}
