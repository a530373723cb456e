/**
 * The stash: messages that an actor has put aside for later. Used by the state machines of
 * patterns/state_machine.ts; otherwise it is for the library's users.
 *
 * @module
 */

import type { ActorStash } from "../actor_definition.ts";
import { ActorError } from "../errors.ts";

/**
 * How many messages a stash may hold unless stated otherwise: as many as may wait in a mailbox. An
 * actor that puts aside more is waiting for something that does not come.
 */
export const DEFAULT_STASH_CAPACITY = 1024;

/** What a stash needs of its incarnation. */
export interface StashOwner {
  readonly path: string;
  /**
   * Takes the current message out, as it will go back into the mailbox.
   *
   * @throws {ActorError} `no_current_message`.
   */
  takeCurrentEntry(): unknown;
  /** Puts entries back ahead of those that wait. */
  putBack(entries: readonly unknown[]): void;
}

/** The stash of one incarnation; see {@linkcode ActorStash}. */
export class Stash implements ActorStash {
  readonly #owner: StashOwner;
  readonly #capacity: number;
  #entries: unknown[] = [];

  constructor(owner: StashOwner, capacity = DEFAULT_STASH_CAPACITY) {
    this.#owner = owner;
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.length;
  }

  hold(): void {
    if (this.#entries.length >= this.#capacity) {
      throw new ActorError(
        "stash_full",
        `put a message aside in ${this.#owner.path}: expected fewer than ${this.#capacity} put ` +
          "aside already, there are as many; release them, or let the sender wait",
      );
    }
    this.#entries.push(this.#owner.takeCurrentEntry());
  }

  release(): void {
    const entries = this.#entries;
    this.#entries = [];
    if (entries.length > 0) this.#owner.putBack(entries);
  }
}
