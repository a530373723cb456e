/**
 * Links: two actors that fail together, as Erlang's processes do.
 *
 * @module
 */

import type { StopReason } from "../actor_definition.ts";

/** One end of a link: an incarnation. */
export interface Linked {
  readonly links: Links;
  /** Called when the other end has failed. */
  onLinkedFailure(path: string, reason: StopReason): void;
}

/** The links of one incarnation. Each is known at both of its ends. */
export class Links {
  readonly #own: Linked;
  readonly #others = new Set<Linked>();

  constructor(own: Linked) {
    this.#own = own;
  }

  /** Links the two. Linking twice is linking once. */
  add(other: Linked): void {
    this.#others.add(other);
    other.links.#others.add(this.#own);
  }

  /** Unlinks the two. */
  remove(other: Linked): void {
    this.#others.delete(other);
    other.links.#others.delete(this.#own);
  }

  /** Unlinks all, and passes a failure on. An end that somebody asked for is none. */
  end(path: string, reason: StopReason): void {
    for (const other of [...this.#others]) {
      this.remove(other);
      if (reason.kind === "failed" || reason.kind === "sibling_failed") {
        other.onLinkedFailure(path, reason);
      }
    }
  }
}
