/**
 * A reference that takes another protocol and passes it to an actor, translated.
 *
 * @module
 */

import type { Cell } from "./cell.ts";
import type { StopReason } from "../actor_definition.ts";
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

/** Belongs to one incarnation; when that ends, this is a reference to a stopped actor. */
export class AdapterRef implements ActorRef<unknown>, Watchable {
  readonly #cell: Cell;
  readonly #map: (foreign: unknown) => unknown;
  readonly #terminations = new TerminationSource();

  constructor(cell: Cell, map: (foreign: unknown) => unknown) {
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

  /** From here on it is a reference to a stopped actor. */
  end(reason: StopReason): void {
    this.#terminations.end(reason);
  }
}
