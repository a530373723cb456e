/**
 * Who wants to know when something ends.
 *
 * @module
 */

import type { StopReason } from "./definition.ts";
import type { TerminationListener } from "./ref.ts";

/** The listeners for one end. They belong to the runtime and do not throw. */
export class Terminations {
  #listeners: Set<TerminationListener> | undefined;
  #reason: StopReason | undefined;

  /** Why it ended; undefined until it has. */
  get reason(): StopReason | undefined {
    return this.#reason;
  }

  /** Adds a listener and returns its removal. After the end it is called at once. */
  add(listener: TerminationListener): () => void {
    if (this.#reason !== undefined) {
      listener(this.#reason);
      return () => {};
    }
    const listeners = this.#listeners ??= new Set();
    // A wrapper of its own, so that the same function may be added twice and removed once.
    const entry: TerminationListener = (reason) => listener(reason);
    listeners.add(entry);
    return () => void listeners.delete(entry);
  }

  /** Calls all listeners, once. */
  end(reason: StopReason): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    const listeners = this.#listeners;
    this.#listeners = undefined;
    for (const listener of listeners ?? []) listener(reason);
  }
}
