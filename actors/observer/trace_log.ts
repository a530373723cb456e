/**
 * The last messages that one traced actor has handled, for readers that ask repeatedly.
 *
 * @module
 */

import { ActorError, type ActorSystem } from "../runtime/mod.ts";
import type { TracedMessage, TraceLook } from "./contract.ts";
import { plainTrace } from "./plain.ts";

/** Most messages that are kept. Readers look once a second, and nobody reads more than this in a second. */
const KEPT_MESSAGES = 256;

/** The parts of a system that a trace needs. */
export type Traced = Pick<ActorSystem, "trace" | "clock">;

/** The trace of the actor at one path. If another actor takes its place, that one is traced. */
export class TraceLog {
  readonly #path: string;
  readonly #system: Traced;
  #kept: TracedMessage[] = [];
  #next: number;
  #end: (() => void) | undefined;
  #lookedAtMs: number;

  /** Messages are numbered from `first` on. */
  constructor(path: string, system: Traced, first: number) {
    this.#path = path;
    this.#system = system;
    this.#next = first;
    this.#lookedAtMs = system.clock.nowMs();
  }

  /** The number of the next message. */
  get next(): number {
    return this.#next;
  }

  /** When a reader looked last, on the monotonic clock. */
  get lookedAtMs(): number {
    return this.#lookedAtMs;
  }

  /** The messages from that number on; none if it is null, which begins to read. */
  look(from: number | null): TraceLook {
    this.#lookedAtMs = this.#system.clock.nowMs();
    const status = this.#follow() ? "traced" : "no_such_actor";
    const next = this.#next;
    if (from === null) return { status, next, lost: 0, handled: [] };
    const handled = this.#kept.filter(({ number }) => number >= from);
    return { status, next, lost: Math.max(0, next - from - handled.length), handled };
  }

  /** Ends the trace. */
  end(): void {
    this.#end?.();
    this.#end = undefined;
  }

  /** Traces the actor that is at the path now: under a restarted supervisor that is a new one. */
  #follow(): boolean {
    this.end();
    const { clock } = this.#system;
    try {
      this.#end = this.#system.trace(this.#path, (event) => {
        this.#kept.push(plainTrace(event, { number: this.#next++, clock }));
        if (this.#kept.length > KEPT_MESSAGES) this.#kept.shift();
      });
      return true;
    } catch (error) {
      if (error instanceof ActorError && error.code === "no_such_actor") return false;
      throw error;
    }
  }
}
