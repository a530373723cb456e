/**
 * How the fleet's releases spread, asked of their trackers again and again while somebody looks.
 *
 * @module
 */

import type { Fleet } from "../../coordination/mod.ts";
import { sleep, systemClock } from "../../base/clock.ts";
import { askDistributions, type Distribution } from "./distribution.ts";

/** Time from an answer to the next question: a tracker makes its report anew once a second, and hosts announce every 3 s. */
const INTERVAL_MS = 2_000;

/** What to ask, and whom to tell. */
export interface DistributionPollerOptions {
  /** Announce URLs in place of those that the releases name. */
  readonly trackers: readonly string[];
  /** Called when there is something new to show. */
  readonly onChange: () => void;
}

/** Asks until it is closed, one round after the other. */
export class DistributionPoller {
  readonly #options: DistributionPollerOptions;
  readonly #ending = new AbortController();
  #fleet: Fleet | null = null;
  #asking: Promise<void> | null = null;
  #latest: readonly Distribution[] = [];

  constructor(options: DistributionPollerOptions) {
    this.#options = options;
  }

  /** As of the last round; empty before the first one. */
  get latest(): readonly Distribution[] {
    return this.#latest;
  }

  /** Asks for what is of interest in that snapshot from now on. */
  follow(fleet: Fleet): void {
    this.#fleet = fleet;
    this.#asking ??= this.#ask();
  }

  /** Asks nobody any more. */
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
