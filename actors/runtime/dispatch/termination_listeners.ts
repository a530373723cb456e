/**
 * Who wants to know when something ends. A list of links rather than a set of functions: an ask
 * enters and leaves it, and must not cost an allocation for that.
 *
 * @module
 */

import type { StopReason } from "../actor_definition.ts";
import type { TerminationListener } from "../ref.ts";

/** One who wants to know. In at most one list at a time. They belong to the runtime and do not throw. */
export interface TerminationObserver {
  /** Neighbours, and the list itself: {@linkcode TerminationListeners}' own. Undefined at first. */
  previousListener: TerminationObserver | undefined;
  nextListener: TerminationObserver | undefined;
  listeners: TerminationListeners | undefined;
  /** Called once with the reason, when the thing has ended for good. */
  onEnd(reason: StopReason): void;
}

/** The listeners for one end, in the order in which they came. */
export class TerminationListeners {
  #first: TerminationObserver | undefined;
  #last: TerminationObserver | undefined;

  /** Adds one that is in no list. */
  add(listener: TerminationObserver): void {
    listener.listeners = this;
    listener.previousListener = this.#last;
    if (this.#last === undefined) this.#first = listener;
    else this.#last.nextListener = listener;
    this.#last = listener;
  }

  /** Takes one out; of no effect if it is not in this list. */
  remove(listener: TerminationObserver): void {
    if (listener.listeners !== this) return;
    const { previousListener: previous, nextListener: next } = listener;
    if (previous === undefined) this.#first = next;
    else previous.nextListener = next;
    if (next === undefined) this.#last = previous;
    else next.previousListener = previous;
    listener.listeners = listener.previousListener = listener.nextListener = undefined;
  }

  /** Takes all out, one after the other, and calls each. */
  end(reason: StopReason): void {
    for (let first = this.#first; first !== undefined; first = this.#first) {
      this.remove(first);
      first.onEnd(reason);
    }
  }
}

/** A listener that is a function. */
export class FunctionListener implements TerminationObserver {
  previousListener: TerminationObserver | undefined = undefined;
  nextListener: TerminationObserver | undefined = undefined;
  listeners: TerminationListeners | undefined = undefined;
  readonly #listener: TerminationListener;

  constructor(listener: TerminationListener) {
    this.#listener = listener;
  }

  onEnd(reason: StopReason): void {
    this.#listener(reason);
  }
}
