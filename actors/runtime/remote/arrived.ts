/**
 * A message from elsewhere in the mailbox of an actor here.
 *
 * @module
 */

import { Wrapped } from "../dispatch/mailbox.ts";

/** Says when it leaves the mailbox, so that its sender may send another. */
export class Arrived extends Wrapped {
  readonly #message: unknown;
  #onTaken: (() => void) | undefined;

  constructor(message: unknown, onTaken: () => void) {
    super();
    this.#message = message;
    this.#onTaken = onTaken;
  }

  override get shown(): unknown {
    return this.#message;
  }

  /** Looked at when it is handled or becomes a dead letter, whichever comes first. */
  override get content(): unknown {
    const onTaken = this.#onTaken;
    this.#onTaken = undefined;
    onTaken?.();
    return this.#message;
  }
}
