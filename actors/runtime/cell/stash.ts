/**
 * Messages that an actor has put aside for later.
 *
 * @module
 */

import type { ActorStash } from "../actor_definition.ts";
import { ActorError } from "../errors.ts";

/**
 * Messages that may be put aside unless stated otherwise: as many as may wait in a mailbox. One that
 * puts aside more is waiting for something that does not come.
 */
export const DEFAULT_STASH_CAPACITY = 1024;

/** What the stash needs of its actor. */
export interface StashOwner {
  readonly path: string;
  /** Takes the message in hand, as it will go back into the mailbox; throws if there is none. */
  takeInHand(): unknown;
  /** Puts entries back ahead of those that wait. */
  putBack(entries: readonly unknown[]): void;
}

/** See {@linkcode ActorStash}. */
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
    this.#entries.push(this.#owner.takeInHand());
  }

  release(): void {
    const entries = this.#entries;
    this.#entries = [];
    if (entries.length > 0) this.#owner.putBack(entries);
  }
}
