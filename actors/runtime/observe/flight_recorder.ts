/**
 * What happened last in a system: starts, ends, failures, restarts, dead letters. Kept in a ring, so
 * that it costs next to nothing until somebody wants to know, and handed out when the system fails.
 *
 * @module
 */

import type { DeadLetterReason } from "./dead_letters.ts";
import type { StopReason } from "../actor_definition.ts";

/** One thing that happened. Times are on the monotonic clock, as of the turn of the event loop. */
export type FlightEvent =
  & { readonly number: number; readonly atMs: number; readonly path: string }
  & (
    | { readonly type: "started" }
    | { readonly type: "restarted" }
    | { readonly type: "failed"; readonly error: unknown }
    | { readonly type: "ended"; readonly reason: StopReason["kind"] }
    | { readonly type: "dead_letter"; readonly reason: DeadLetterReason }
  );

/** A failure that no supervisor dealt with. */
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
   * Called with the events, oldest first, and with the failure, when that stops the system. What it
   * throws is logged.
   */
  readonly sink?: (events: readonly FlightEvent[], failure: RootFailure) => void;
}

/** Whoever an event is about: its path is asked for only when somebody reads the events. */
interface Subject {
  readonly path: string;
}

/** Events kept unless stated otherwise. */
const DEFAULT_CAPACITY = 256;

/** The ring. */
export class FlightRecorder {
  readonly #capacity: number;
  // A column for each part of an event: to record is to overwrite, not to allocate.
  readonly #types: FlightEvent["type"][] = [];
  readonly #subjects: Subject[] = [];
  readonly #details: unknown[] = [];
  readonly #timesMs: number[] = [];
  #recorded = 0;

  constructor(capacity = DEFAULT_CAPACITY) {
    this.#capacity = capacity;
  }

  /** Records one. */
  record(type: FlightEvent["type"], subject: Subject, atMs: number, detail?: unknown): void {
    if (this.#capacity === 0) return;
    const slot = this.#recorded++ % this.#capacity;
    this.#types[slot] = type;
    this.#subjects[slot] = subject;
    this.#details[slot] = detail;
    this.#timesMs[slot] = atMs;
  }

  /** What is kept, oldest first. */
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
