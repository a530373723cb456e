/**
 * The observers of one end. A linked list rather than a set of functions: every ask enters and leaves
 * one, and must not cost an allocation for that.
 *
 * @module
 */

import type { StopReason } from "../stop_reason.ts";
import type { TerminationListener } from "../ref.ts";

/** An observer of an end, in at most one list at a time. Observers are the runtime's and do not throw. */
export interface TerminationObserver {
  /** Its neighbours and its list. Only {@linkcode TerminationListeners} changes them. */
  previousListener: TerminationObserver | undefined;
  nextListener: TerminationObserver | undefined;
  listeners: TerminationListeners | undefined;
  /** Called once, with the reason, at the end for good. */
  onTerminated(reason: StopReason): void;
}

/** The observers of one end, in the order in which they were added. */
export class TerminationListeners {
  #first: TerminationObserver | undefined;
  #last: TerminationObserver | undefined;

  /** Adds an observer that is in no list. */
  add(listener: TerminationObserver): void {
    listener.listeners = this;
    listener.previousListener = this.#last;
    if (this.#last === undefined) this.#first = listener;
    else this.#last.nextListener = listener;
    this.#last = listener;
  }

  /** Removes an observer. It has no effect on one that is not in this list. */
  remove(listener: TerminationObserver): void {
    if (listener.listeners !== this) return;
    const { previousListener: previous, nextListener: next } = listener;
    if (previous === undefined) this.#first = next;
    else previous.nextListener = next;
    if (next === undefined) this.#last = previous;
    else next.previousListener = previous;
    listener.listeners = listener.previousListener = listener.nextListener = undefined;
  }

  /** Removes all observers, one after the other, and calls each. */
  end(reason: StopReason): void {
    for (let first = this.#first; first !== undefined; first = this.#first) {
      this.remove(first);
      first.onTerminated(reason);
    }
  }
}

/** An observer that calls a function. */
export class FunctionListener implements TerminationObserver {
  previousListener: TerminationObserver | undefined = undefined;
  nextListener: TerminationObserver | undefined = undefined;
  listeners: TerminationListeners | undefined = undefined;
  readonly #listener: TerminationListener;

  constructor(listener: TerminationListener) {
    this.#listener = listener;
  }

  onTerminated(reason: StopReason): void {
    this.#listener(reason);
  }
}
