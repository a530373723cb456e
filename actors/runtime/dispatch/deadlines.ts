/**
 * The deadlines of all asks of a system. Nearly every ask is answered within the turn of the event loop
 * in which it was made, so no timer is set before the end of that turn.
 *
 * @module
 */

import type { Cancel, Clock } from "../clock.ts";

/** Something that has at most one deadline at a time. An entry of a linked list, to save allocations. */
export interface Deadline {
  /** When the deadline is due, on the monotonic clock. */
  dueMs: number;
  /** Its neighbours and its list. Only {@linkcode EqualDeadlines} changes them. Undefined at first. */
  previousDeadline: Deadline | undefined;
  nextDeadline: Deadline | undefined;
  deadlines: EqualDeadlines | undefined;
  /** Called once, when the deadline has passed. */
  onDeadline(): void;
}

/** Deadlines with the same timeout. They are due in the order in which they were added. */
export class EqualDeadlines {
  readonly timeoutMs: number;
  first: Deadline | undefined = undefined;
  last: Deadline | undefined = undefined;
  cancelTimer: Cancel | undefined = undefined;
  /** Whether deadlines were added in this turn of the event loop: then it is armed after the turn. */
  isNew = false;
  readonly #forget: (equal: EqualDeadlines) => void;

  constructor(timeoutMs: number, forget: (equal: EqualDeadlines) => void) {
    this.timeoutMs = timeoutMs;
    this.#forget = forget;
  }

  /** Adds a deadline that is in no list. */
  add(deadline: Deadline): void {
    deadline.deadlines = this;
    deadline.previousDeadline = this.last;
    if (this.last === undefined) this.first = deadline;
    else this.last.nextDeadline = deadline;
    this.last = deadline;
  }

  /** Removes a deadline that is in this list. With the last one the timer is cancelled. */
  remove(deadline: Deadline): void {
    const { previousDeadline: previous, nextDeadline: next } = deadline;
    if (previous === undefined) this.first = next;
    else previous.nextDeadline = next;
    if (next === undefined) this.last = previous;
    else next.previousDeadline = previous;
    deadline.deadlines = deadline.previousDeadline = deadline.nextDeadline = undefined;
    if (this.first === undefined && !this.isNew) this.end();
  }

  /** Cancels the timer and forgets the list, which is empty. */
  end(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    this.#forget(this);
  }
}

/**
 * Deadlines, in one list per timeout. A program has few different timeouts (at worst one for each
 * pending ask), and each list needs a timer for its first deadline only. A timer is set when the turn
 * of the event loop is over and the ask still has no answer.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #noticeTurn: () => void;
  readonly #byTimeout = new Map<number, EqualDeadlines>();
  // The list that was used last: most programs use one and the same timeout.
  #recent: EqualDeadlines | undefined;
  #new: EqualDeadlines[] = [];

  /** `noticeTurn` makes sure that {@linkcode arm} is called after this turn of the event loop. */
  constructor(clock: Clock, noticeTurn: () => void) {
    this.#clock = clock;
    this.#noticeTurn = noticeTurn;
  }

  /** Adds a deadline that is due after this many milliseconds. */
  add(deadline: Deadline, timeoutMs: number): void {
    deadline.dueMs = this.#clock.nowMs() + timeoutMs;
    const equal = this.#recent?.timeoutMs === timeoutMs ? this.#recent : this.#find(timeoutMs);
    equal.add(deadline);
    if (equal.isNew) return;
    equal.isNew = true;
    this.#new.push(equal);
    this.#noticeTurn();
  }

  /** Sets timers for the lists with deadlines that were added in this turn, and forgets empty lists. */
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
