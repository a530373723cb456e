/**
 * The end of something that is no actor, for those who want to know of it.
 *
 * @module
 */

import type { StopReason } from "../actor_definition.ts";
import { FunctionListener, TerminationListeners } from "./termination_listeners.ts";
import type { TerminationListener } from "../ref.ts";

/** Listeners, and whether it has ended. */
export class TerminationSource {
  readonly #listeners = new TerminationListeners();
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
    const entry = new FunctionListener(listener);
    this.#listeners.add(entry);
    return () => this.#listeners.remove(entry);
  }

  /** Calls all listeners, once. */
  end(reason: StopReason): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#listeners.end(reason);
  }
}
