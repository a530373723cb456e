/**
 * Asks trackers again and again how the fleet's releases spread, while somebody watches.
 *
 * @module
 */

import type { Fleet } from "../../coordination/mod.ts";
import { sleep, systemClock } from "../../base/clock.ts";
import { askDistributions, type Distribution } from "./distribution.ts";

/** Time from the answers to the next questions: a tracker renews its report once a second, and hosts announce every 3 s. */
const INTERVAL_MS = 2_000;

/** Options of {@link DistributionPoller}. */
export interface DistributionPollerOptions {
  /** Announce URLs in place of those that the releases name. */
  readonly trackers: readonly string[];
  /** Called when there is something new to show. */
  readonly onChange: () => void;
}

/** Asks in rounds, one after the other, until it is closed. */
export class DistributionPoller {
  readonly #options: DistributionPollerOptions;
  readonly #ending = new AbortController();
  #fleet: Fleet | null = null;
  #asking: Promise<void> | null = null;
  #latest: readonly Distribution[] = [];

  constructor(options: DistributionPollerOptions) {
    this.#options = options;
  }

  /** The answers of the last round; empty before the first one. */
  get latest(): readonly Distribution[] {
    return this.#latest;
  }

  /** From now on asks for the releases of this snapshot. */
  follow(fleet: Fleet): void {
    this.#fleet = fleet;
    this.#asking ??= this.#ask();
  }

  /** Ends the polling, and waits for the round that is under way. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#asking;
  }

  async #ask(): Promise<void> {
    const { signal } = this.#ending;
    const { trackers, onChange } = this.#options;
    while (!signal.aborted) {
      if (this.#fleet !== null) {
        const latest = await askDistributions(this.#fleet, { trackers, signal });
        if (signal.aborted) return;
        this.#latest = latest;
        onChange();
      }
      await sleep(systemClock, INTERVAL_MS, signal);
    }
  }
}
