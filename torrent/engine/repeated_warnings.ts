/** Warnings that strangers can cause as often as they like: told once, and then counted. */

import type { Clock } from "../../base/clock.ts";
import type { Log, LogProperties } from "../../base/log.ts";

/** The same warning is logged once in this time; the next one says how often it was left out. */
const QUIET_MS = 60_000;

/** Hands warnings on to a log, each message once a minute at most. Messages are told apart by their templates. */
export class RepeatedWarnings {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #told = new Map<string, { atMs: number; leftOut: number }>();

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Logs the warning, or counts it if the same one was logged within the last minute. */
  warn(message: string, properties: LogProperties): void {
    const nowMs = this.#clock.nowMs();
    const last = this.#told.get(message);
    if (last !== undefined && nowMs - last.atMs < QUIET_MS) {
      last.leftOut++;
      return;
    }
    this.#told.set(message, { atMs: nowMs, leftOut: 0 });
    const leftOut = last?.leftOut ?? 0;
    if (leftOut === 0) return this.#log.warn(message, properties);
    this.#log.warn(`${message} ({leftOut} more since the last such line)`, {
      ...properties,
      leftOut,
    });
  }
}
