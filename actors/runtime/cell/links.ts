/**
 * Links: two actors that fail together, as linked processes in Erlang do. The product does not use
 * links, it is built of supervisors; they are for the library's users.
 *
 * @module
 */

import type { StopReason } from "../stop_reason.ts";

/** An incarnation, as one end of a link. */
export interface Linked {
  /** Its links. */
  readonly links: Links;
  /** Called when the other end has failed. */
  onLinkedFailure(path: string, reason: StopReason): void;
}

/** The links of one incarnation. Both ends of a link know it. */
export class Links {
  readonly #self: Linked;
  readonly #others = new Set<Linked>();

  constructor(self: Linked) {
    this.#self = self;
  }

  /** Links the two incarnations. Linking twice has the effect of linking once. */
  add(other: Linked): void {
    this.#others.add(other);
    other.links.#others.add(this.#self);
  }

  /** Unlinks the two incarnations. */
  remove(other: Linked): void {
    this.#others.delete(other);
    other.links.#others.delete(this.#self);
  }

  /** Removes all links, and passes a failure on. An end that somebody asked for is no failure. */
  end(path: string, reason: StopReason): void {
    for (const other of [...this.#others]) {
      this.remove(other);
      if (reason.kind === "failed" || reason.kind === "sibling_failed") {
        other.onLinkedFailure(path, reason);
      }
    }
  }
}
