/**
 * Message adapters: references for another protocol, whose messages are translated for an actor.
 *
 * @module
 */

import type { StopReason } from "../stop_reason.ts";
import { Envelope } from "../dispatch/mailbox.ts";
import {
  type ActorRef,
  onTermination,
  type TellOutcome,
  type TerminationListener,
  type Watchable,
} from "../ref.ts";
import { type Runtime, runtimeOf } from "./runtime.ts";
import { TerminationSource } from "../dispatch/termination_source.ts";

/** The cell that the translated messages are for, as far as an adapter needs it. */
interface AdaptedCell {
  readonly path: string;
  readonly runtime: Runtime;
  /** Puts a message, or what wraps one, into the mailbox. */
  deliver(entry: unknown): TellOutcome;
  /** Makes a dead letter of a message for an actor that has ended. */
  refuse(entry: unknown): TellOutcome;
}

/**
 * The reference that `adapt` of `ActorContext` returns. It belongs to one incarnation; when that has
 * ended, it is a reference to a stopped actor.
 */
export class AdapterRef implements ActorRef<unknown>, Watchable {
  readonly #cell: AdaptedCell;
  readonly #map: (foreign: unknown) => unknown;
  readonly #terminations = new TerminationSource();

  constructor(cell: AdaptedCell, map: (foreign: unknown) => unknown) {
    this.#cell = cell;
    this.#map = map;
  }

  get path(): string {
    return `${this.#cell.path}#adapter`;
  }

  get [runtimeOf](): Runtime {
    return this.#cell.runtime;
  }

  tell(foreign: unknown): TellOutcome {
    if (this.#terminations.reason !== undefined) return this.#cell.refuse(foreign);
    return this.#cell.deliver(new Envelope(() => this.#map(foreign), foreign, false));
  }

  [onTermination](listener: TerminationListener): () => void {
    return this.#terminations.add(listener);
  }

  /** Turns it into a reference to a stopped actor. */
  end(reason: StopReason): void {
    this.#terminations.end(reason);
  }
}
