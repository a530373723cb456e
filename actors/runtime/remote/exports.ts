/**
 * The actors that a node lets others reach, by name. Nothing else of a system can be reached.
 *
 * @module
 */

import { CellRef } from "../cell/cell_ref.ts";
import type { ActorRef } from "../mod.ts";
import { isWatchable, onTermination, type Watchable } from "../ref.ts";
import type { RemoteContract } from "./contract.ts";
import { RemoteError } from "./errors.ts";

/** One exported actor. */
export interface Export {
  readonly contract: RemoteContract<unknown>;
  readonly target: ActorRef<unknown> & Watchable;
}

/** The exported actors of one node, by name. */
export class Exports {
  readonly #exports = new Map<string, Export>();

  /** Number of exported actors. */
  get size(): number {
    return this.#exports.size;
  }

  /** The actor that is exported under this name. */
  find(name: string): Export | undefined {
    return this.#exports.get(name);
  }

  /**
   * Exports an actor, until it ends or the returned function is called. References that were opened
   * before stay.
   *
   * @throws {RemoteError} `name_taken`; `invalid_option` if it is no actor of this process.
   */
  add<M>(contract: RemoteContract<M>, target: ActorRef<M>): () => void {
    const { name } = contract;
    if (CellRef.cellOf(target) === undefined || !isWatchable(target)) {
      throw new RemoteError(
        "invalid_option",
        `export ${target.path} as ${name}: expected the reference of an actor of this process`,
      );
    }
    if (this.#exports.has(name)) {
      throw new RemoteError("name_taken", `export ${target.path} as ${name}: the name is taken`);
    }
    // Here the type is dropped. That is safe: messages are checked against the contract first.
    const entry = { contract, target } as unknown as Export;
    this.#exports.set(name, entry);
    const remove = (): void => {
      if (this.#exports.get(name) === entry) this.#exports.delete(name);
    };
    const unwatch = target[onTermination](remove);
    return () => {
      unwatch();
      remove();
    };
  }
}
