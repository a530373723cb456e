/**
 * What one traced actor has handled lately, for those who ask again and again.
 *
 * @module
 */

import { ActorError, type ActorSystem } from "../runtime/mod.ts";
import type { TracedMessage, TraceLook } from "./contract.ts";
import { plainTrace } from "./plain.ts";

/** Kept for those who look once a second: more in a second is more than anybody reads. */
const KEPT_MESSAGES = 256;

/** The parts of a system that a trace needs. */
export type Traced = Pick<ActorSystem, "trace" | "clock">;

/** A trace by path, which follows whoever is there. */
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

  /** When somebody looked last, on the monotonic clock. */
  get lookedAtMs(): number {
    return this.#lookedAtMs;
  }

  /** What came from that number on; nothing yet, if it is null. */
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

  /** Follows whoever is at the path now: under a restarted supervisor that is another actor. */
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
