/**
 * Keeps a log readable while the same thing happens again and again: the first time is logged at once, and then only how often
 * it has happened since.
 *
 * @module
 */

import type { Cancel, Clock } from "./clock.ts";
import type { Log, LogProperties } from "./log.ts";

/** How often a count is logged, at the most. */
const INTERVAL_MS = 60_000;

/** What has happened in the current interval. */
interface Tally {
  message: string;
  /** Those of the last time. */
  properties: LogProperties | undefined;
  /** How often it has happened since it was last logged. */
  count: number;
  cancel: Cancel;
}

/** Warnings that are logged once and then counted, by their kind. Disposing of it logs the counts that are left. */
export class EventTally implements Disposable {
  readonly #log: Pick<Log, "warn">;
  readonly #clock: Pick<Clock, "after">;
  readonly #tallies = new Map<string, Tally>();

  constructor(options: { readonly log: Pick<Log, "warn">; readonly clock: Pick<Clock, "after"> }) {
    this.#log = options.log;
    this.#clock = options.clock;
  }

  /**
   * Notes that something has happened. A kind that has not happened for a minute is logged at once; otherwise it is counted,
   * and the count is logged within a minute.
   *
   * @param kind What is counted together; one of a few constants, since each is kept in memory.
   */
  note(kind: string, message: string, properties?: LogProperties): void {
    const tally = this.#tallies.get(kind);
    if (tally !== undefined) {
      tally.count++;
      tally.properties = properties;
      return;
    }
    this.#log.warn(message, properties);
    this.#tallies.set(kind, { message, properties, count: 0, cancel: this.#countLater(kind) });
  }

  [Symbol.dispose](): void {
    for (const tally of this.#tallies.values()) {
      tally.cancel();
      this.#logCount(tally);
    }
    this.#tallies.clear();
  }

  #countLater(kind: string): Cancel {
    return this.#clock.after(INTERVAL_MS, () => {
      const tally = this.#tallies.get(kind);
      if (tally === undefined) return;
      if (tally.count === 0) {
        this.#tallies.delete(kind);
        return;
      }
      this.#logCount(tally);
      tally.count = 0;
      tally.cancel = this.#countLater(kind);
    });
  }

  #logCount({ message, properties, count }: Tally): void {
    if (count === 0) return;
    this.#log.warn(`the same {count} times more, lastly: ${message}`, { ...properties, count });
  }
}
