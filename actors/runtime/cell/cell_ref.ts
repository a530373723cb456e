/**
 * The reference of an actor.
 *
 * @module
 */

import type { Cell } from "./cell.ts";
import {
  type ActorRef,
  onTermination,
  type TellOutcome,
  type TerminationListener,
  type Watchable,
} from "../ref.ts";
import { type Runtime, runtimeOf } from "./runtime.ts";

/** The reference of an actor that has a cell. Its holders cannot reach the cell. */
export class CellRef implements ActorRef<unknown>, Watchable {
  readonly #cell: Cell;

  constructor(cell: Cell) {
    this.#cell = cell;
  }

  /** The cell behind a reference; undefined for adapters, answers and references made elsewhere. */
  static cellOf(ref: object): Cell | undefined {
    return #cell in ref ? ref.#cell : undefined;
  }

  get path(): string {
    return this.#cell.path;
  }
  get [runtimeOf](): Runtime {
    return this.#cell.runtime;
  }
  tell(message: unknown): TellOutcome {
    return this.#cell.deliver(message);
  }
  [onTermination](listener: TerminationListener): () => void {
    return this.#cell.onTermination(listener);
  }
}
