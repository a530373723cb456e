/**
 * The deadlines of all asks of a system. Nearly every ask is answered within the turn of the event
 * loop in which it was made, and then no timer should have been set for it.
 *
 * @module
 */

import type { Cancel, Clock } from "../clock.ts";

/** Something with a deadline. Under at most one at a time. */
export interface Deadline {
  /** When it is due, on the monotonic clock. */
  dueMs: number;
  /** Neighbours, and the list itself: {@linkcode Deadlines}' own. Undefined at first. */
  previousDeadline: Deadline | undefined;
  nextDeadline: Deadline | undefined;
  deadlines: EqualDeadlines | undefined;
  /** Called once when it has passed. */
  onDeadline(): void;
}

/** Deadlines with the same time to go, which are therefore due in the order in which they came. */
export class EqualDeadlines {
  readonly timeoutMs: number;
  first: Deadline | undefined = undefined;
  last: Deadline | undefined = undefined;
  cancelTimer: Cancel | undefined = undefined;
  /** Whether some came in this turn of the event loop, so that it will be looked at after it. */
  isNew = false;
  readonly #forget: (equal: EqualDeadlines) => void;

  constructor(timeoutMs: number, forget: (equal: EqualDeadlines) => void) {
    this.timeoutMs = timeoutMs;
    this.#forget = forget;
  }

  /** Adds one that is in no list. */
  add(deadline: Deadline): void {
    deadline.deadlines = this;
    deadline.previousDeadline = this.last;
    if (this.last === undefined) this.first = deadline;
    else this.last.nextDeadline = deadline;
    this.last = deadline;
  }

  /** Takes out one that is in this list, and with the last one the timer. */
  remove(deadline: Deadline): void {
    const { previousDeadline: previous, nextDeadline: next } = deadline;
    if (previous === undefined) this.first = next;
    else previous.nextDeadline = next;
    if (next === undefined) this.last = previous;
    else next.previousDeadline = previous;
    deadline.deadlines = deadline.previousDeadline = deadline.nextDeadline = undefined;
    if (this.first === undefined && !this.isNew) this.end();
  }

  /** Ends it when it is empty. */
  end(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    this.#forget(this);
  }
}

/**
 * Deadlines by the time they give. There are few different ones in a program (at worst one for each
 * pending ask), so each needs one timer for its first deadline and none for the others. A timer is
 * set when the event loop has gone round and the ask is still there.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #noticeTurn: () => void;
  readonly #byTimeout = new Map<number, EqualDeadlines>();
  // The list that was used last: most programs ask with one and the same timeout.
  #recent: EqualDeadlines | undefined;
  #new: EqualDeadlines[] = [];

  /** `noticeTurn` has {@linkcode arm} called when the event loop has gone round. */
  constructor(clock: Clock, noticeTurn: () => void) {
    this.#clock = clock;
    this.#noticeTurn = noticeTurn;
  }

  /** Adds one that is due after this many milliseconds. */
  add(deadline: Deadline, timeoutMs: number): void {
    deadline.dueMs = this.#clock.nowMs() + timeoutMs;
    const equal = this.#recent?.timeoutMs === timeoutMs ? this.#recent : this.#find(timeoutMs);
    equal.add(deadline);
    if (equal.isNew) return;
    equal.isNew = true;
    this.#new.push(equal);
    this.#noticeTurn();
  }

  /** Sets timers for what is still there, and forgets the lists that are empty. */
  arm(): void {
    if (this.#new.length === 0) return;
    const lists = this.#new;
    this.#new = [];
    for (const equal of lists) {
      equal.isNew = false;
      if (equal.first === undefined) equal.end();
      else if (equal.cancelTimer === undefined) this.#setTimer(equal, equal.first);
    }
  }

  #find(timeoutMs: number): EqualDeadlines {
    let equal = this.#byTimeout.get(timeoutMs);
    if (equal === undefined) {
      equal = new EqualDeadlines(timeoutMs, this.#forget);
      this.#byTimeout.set(timeoutMs, equal);
    }
    this.#recent = equal;
    return equal;
  }

  readonly #forget = (equal: EqualDeadlines): void => {
    this.#byTimeout.delete(equal.timeoutMs);
    if (this.#recent === equal) this.#recent = undefined;
  };

  #setTimer(equal: EqualDeadlines, first: Deadline): void {
    const leftMs = Math.max(0, first.dueMs - this.#clock.nowMs());
    equal.cancelTimer = this.#clock.after(leftMs, () => {
      equal.cancelTimer = undefined;
      const nowMs = this.#clock.nowMs();
      let next = equal.first;
      while (next !== undefined && next.dueMs <= nowMs) {
        equal.remove(next);
        next.onDeadline();
        next = equal.first;
      }
      if (next !== undefined && equal.cancelTimer === undefined) this.#setTimer(equal, next);
    });
  }
}
