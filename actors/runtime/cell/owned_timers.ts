/**
 * The timers of one incarnation.
 *
 * @module
 */

import type { ActorTimers } from "../actor_definition.ts";
import type { Cancel } from "../clock.ts";
import { ActorError } from "../errors.ts";
import { Envelope, takenBack } from "../dispatch/mailbox.ts";
import type { Owner } from "./owner.ts";

/** One timer under a key. */
interface Timer {
  readonly message: unknown;
  /** Undefined for a timer that fires once. */
  readonly periodMs: number | undefined;
  cancel: Cancel;
  /** Whether a tick of it is in the mailbox. */
  ticked: boolean;
}

/** The timers of one incarnation, by key; see {@linkcode ActorTimers}. */
export class OwnedTimers implements ActorTimers<unknown> {
  readonly #owner: Owner;
  readonly #timers = new Map<string, Timer>();

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  /** Active timers. */
  get size(): number {
    return this.#timers.size;
  }

  after(key: string, delayMs: number, message: unknown): void {
    if (!(delayMs >= 0)) throw this.#invalid(key, `a delay of at least 0 ms, got ${delayMs}`);
    this.#start(key, message, { delayMs, periodMs: undefined });
  }

  every(key: string, periodMs: number, message: unknown): void {
    if (!(periodMs > 0)) throw this.#invalid(key, `a period of more than 0 ms, got ${periodMs}`);
    this.#start(key, message, { delayMs: periodMs, periodMs });
  }

  cancel(key: string): void {
    this.#timers.get(key)?.cancel();
    this.#timers.delete(key);
  }

  isActive(key: string): boolean {
    return this.#timers.has(key);
  }

  /** Cancels all timers. */
  end(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  #start(key: string, message: unknown, when: { delayMs: number; periodMs: number | undefined }) {
    if (this.#owner.ended) return;
    this.cancel(key);
    this.#owner.checkOwnedWork();
    const timer: Timer = { message, periodMs: when.periodMs, cancel() {}, ticked: false };
    this.#timers.set(key, timer);
    this.#arm(key, timer, this.#owner.clock.nowMs() + when.delayMs);
  }

  #arm(key: string, timer: Timer, dueMs: number): void {
    const { clock } = this.#owner;
    timer.cancel = clock.after(Math.max(0, dueMs - clock.nowMs()), () => {
      this.#tick(key, timer);
      if (timer.periodMs === undefined) return;
      // Counted from when it was due, so that a period does not drift. Ticks that were missed are skipped.
      const lateMs = Math.max(0, clock.nowMs() - dueMs);
      const periods = 1 + Math.floor(lateMs / timer.periodMs);
      this.#arm(key, timer, dueMs + periods * timer.periodMs);
    });
  }

  #tick(key: string, timer: Timer): void {
    if (timer.ticked) return;
    timer.ticked = true;
    const open = (): unknown => {
      timer.ticked = false;
      if (this.#timers.get(key) !== timer) return takenBack;
      if (timer.periodMs === undefined) this.#timers.delete(key);
      return timer.message;
    };
    this.#owner.deliver(new Envelope(open, takenBack, true));
  }

  #invalid(key: string, expectation: string): ActorError {
    return new ActorError(
      "invalid_option",
      `set timer "${key}" of ${this.#owner.path}: expected ${expectation}`,
    );
  }
}
