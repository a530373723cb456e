/**
 * Logs what strangers can cause as often as they like: the first time at once, and then at most once a minute, with a count.
 *
 * @module
 */

import type { Clock } from "../../clock.ts";
import type { Log } from "../../log.ts";

/** Least time between two lines with the same message, in ms. */
const intervalMs = 60_000;

/** Warnings that cannot flood a log. */
export class SeldomLog {
  readonly #log: Log;
  readonly #clock: Clock;
  /** By message: when it was logged last, and how often it was left out since. */
  readonly #messages = new Map<string, { loggedMs: number; leftOut: number }>();

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Logs a warning, unless the same message was logged within the last minute. Messages are constant texts. */
  warn(message: string, properties: Record<string, unknown>): void {
    const nowMs = this.#clock.nowMs();
    const earlier = this.#messages.get(message);
    if (earlier !== undefined && nowMs - earlier.loggedMs < intervalMs) {
      earlier.leftOut++;
      return;
    }
    const leftOut = earlier?.leftOut ?? 0;
    this.#messages.set(message, { loggedMs: nowMs, leftOut: 0 });
    this.#log.warn(
      message,
      leftOut === 0 ? properties : { ...properties, timesSinceTheLastLine: leftOut + 1 },
    );
  }
}
