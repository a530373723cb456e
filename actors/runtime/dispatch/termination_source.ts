/**
 * The observable end of a reference that has no cell: an adapter, or a reference to another process
 * or worker.
 *
 * @module
 */

import type { StopReason } from "../stop_reason.ts";
import { FunctionListener, TerminationListeners } from "./termination_listeners.ts";
import type { TerminationListener } from "../ref.ts";

/** The observers of an end, and the reason once it has come. */
export class TerminationSource {
  readonly #listeners = new TerminationListeners();
  #reason: StopReason | undefined;

  /** Why it has ended; undefined until then. */
  get reason(): StopReason | undefined {
    return this.#reason;
  }

  /** Adds a listener and returns the function that removes it. After the end it is called at once. */
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
