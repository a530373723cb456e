/**
 * The fleet as `rollcall status --watch --json` shows it: the latest snapshot, those who want each one, and waiting until
 * one fits.
 *
 * @module
 */

import { within } from "./deadlines.ts";
import { describeFleet, type FleetSnapshot, parseSnapshot } from "./snapshot.ts";

/** What to wait for. */
export interface FleetWait {
  readonly what: string;
  readonly deadlineMs: number;
  readonly until: (snapshot: FleetSnapshot) => boolean;
}

/** Follows the snapshots. */
export class FleetWatch {
  readonly #signal: AbortSignal;
  readonly #listeners = new Set<(snapshot: FleetSnapshot) => void>();
  #latest: FleetSnapshot | null = null;

  /** The signal ends every wait. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** The newest snapshot. */
  get latest(): FleetSnapshot | null {
    return this.#latest;
  }

  /** Takes a line of the command's output. Throws when it is no snapshot. */
  accept(line: string): void {
    const snapshot = parseSnapshot(line);
    this.#latest = snapshot;
    for (const listener of [...this.#listeners]) listener(snapshot);
  }

  /** Calls the listener with every snapshot from now on; the function that comes back ends that. */
  subscribe(listener: (snapshot: FleetSnapshot) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The first snapshot that fits, the latest included. Rejects at the deadline with the state of each host. */
  async waitFor({ what, deadlineMs, until }: FleetWait): Promise<FleetSnapshot> {
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
