/**
 * Mailbox entries that hold a message from another process or worker.
 *
 * @module
 */

import { Wrapped } from "../dispatch/mailbox.ts";

/** A message from elsewhere. It calls back when it leaves the mailbox: its sender may send another then. */
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

  /** The message. Reading it means that it leaves the mailbox: handled, or as a dead letter. */
  override get content(): unknown {
    const onTaken = this.#onTaken;
    this.#onTaken = undefined;
    onTaken?.();
    return this.#message;
  }
}
