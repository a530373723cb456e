/**
 * The flight recorder: the last events of a system (starts, ends, failures, restarts, dead letters).
 * They are kept in a ring buffer, so that recording costs next to nothing, and handed out when the
 * system fails.
 *
 * @module
 */

import type { DeadLetterReason } from "./dead_letters.ts";
import type { StopReason } from "../stop_reason.ts";
/** One event. Times are on the monotonic clock, as of the turn of the event loop. */
export type FlightEvent =
  & { readonly number: number; readonly atMs: number; readonly path: string }
  & (
    | { readonly type: "started" }
    | { readonly type: "restarted" }
    | { readonly type: "failed"; readonly error: unknown }
    | { readonly type: "ended"; readonly reason: StopReason["kind"] }
    | { readonly type: "dead_letter"; readonly reason: DeadLetterReason }
  );

/** A failure that no supervisor has handled. */
export interface RootFailure {
  /** The top-level actor that failed. */
  readonly path: string;
  /** What it threw; `restart_intensity_exceeded` for a supervisor that gave up. */
  readonly error: unknown;
}

/** How much is kept, and who gets it when the system fails. */
export interface FlightRecorderOptions {
  /**
   * Events that are kept. Default 256: what leads up to a failure is seconds, not hours. 0 keeps
   * none.
   */
  readonly capacity?: number;
  /**
   * Called with the events, oldest first, and the failure, when a failure stops the system. Its errors
   * are logged.
   */
  readonly sink?: (events: readonly FlightEvent[], failure: RootFailure) => void;
}

/** The actor that an event is about. Its path is asked for only when the events are read. */
interface Subject {
  readonly path: string;
}

/** Events kept unless stated otherwise. */
const DEFAULT_CAPACITY = 256;

/** The ring buffer of the last events. */
export class FlightRecorder {
  readonly #capacity: number;
  // One array for each field of an event, so that recording overwrites and does not allocate.
  readonly #types: FlightEvent["type"][] = [];
  readonly #subjects: Subject[] = [];
  readonly #details: unknown[] = [];
  readonly #timesMs: number[] = [];
  #recorded = 0;

  constructor(capacity = DEFAULT_CAPACITY) {
    this.#capacity = capacity;
  }

  /** Records an event. */
  record(type: FlightEvent["type"], subject: Subject, atMs: number, detail?: unknown): void {
    if (this.#capacity === 0) return;
    const slot = this.#recorded++ % this.#capacity;
    this.#types[slot] = type;
    this.#subjects[slot] = subject;
    this.#details[slot] = detail;
    this.#timesMs[slot] = atMs;
  }

  /** The events that are kept, oldest first. */
  events(): FlightEvent[] {
    const events: FlightEvent[] = [];
    const first = Math.max(0, this.#recorded - this.#capacity);
    for (let number = first; number < this.#recorded; number++) {
      const slot = number % this.#capacity;
      const type = this.#types[slot];
      const path = this.#subjects[slot]?.path ?? "";
      const detail = this.#details[slot];
      const base = { number, atMs: this.#timesMs[slot] ?? 0, path };
      switch (type) {
        case "failed":
          events.push({ ...base, type, error: detail });
          break;
        case "ended":
          events.push({ ...base, type, reason: detail as StopReason["kind"] });
          break;
        case "dead_letter":
          events.push({ ...base, type, reason: detail as DeadLetterReason });
          break;
        case "started":
        case "restarted":
          events.push({ ...base, type });
          break;
        case undefined:
          break;
      }
    }
    return events;
  }
}
