/**
 * The user lane of an actor: messages that wait, up to a bound. The control lane is a queue in
 * cell.ts; it needs no bound of its own, because what may be in it is bounded by what the actor has
 * (children, watches, one stop).
 *
 * @module
 */

import { DEFAULT_MAILBOX_CAPACITY, type MailboxOptions } from "./definition.ts";
import { Fifo, nothing } from "./fifo.ts";
import { ActorError } from "./errors.ts";

/** What opening an envelope yields when its content was taken back in the meantime. */
export const takenBack: unique symbol = Symbol("rollcall.actor.takenBack");

/**
 * A message that belongs to one incarnation: a tick, the outcome of a task or an ask, or a message
 * in another protocol. What the actor will see is made when it is opened, in the actor's own turn,
 * so that a mapping that throws fails the right actor.
 */
export class Envelope {
  /** Makes the message. */
  readonly open: () => unknown;
  /** What is inside before mapping, for dead letters; `takenBack` if nobody will miss it. */
  readonly content: unknown;
  /**
   * Whether the actor brought this on itself. Then it does not count against the capacity: dropping
   * the one outcome that an actor waits for would leave it waiting for ever.
   */
  readonly owned: boolean;

  constructor(open: () => unknown, content: unknown, owned: boolean) {
    this.open = open;
    this.content = content;
    this.owned = owned;
  }
}

/** A bounded queue of messages. */
export class Mailbox {
  readonly #capacity: number;
  readonly #dropOldest: boolean;
  readonly #entries = new Fifo<unknown>();
  /** Entries that count against the capacity. */
  #counted = 0;

  constructor(options: MailboxOptions = {}) {
    this.#capacity = options.capacity ?? DEFAULT_MAILBOX_CAPACITY;
    this.#dropOldest = options.overflow === "drop_oldest";
    if (!Number.isInteger(this.#capacity) || this.#capacity < 1) {
      throw new ActorError(
        "invalid_option",
        `make a mailbox: expected a capacity of at least 1 message, got ${this.#capacity}`,
      );
    }
  }

  /** How many entries wait. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Adds an entry. Returns what had to be dropped for it, which may be the entry itself, or
   * `nothing`.
   */
  offer(entry: unknown): unknown {
    if (isOwned(entry)) {
      this.#entries.push(entry);
      return nothing;
    }
    let dropped: unknown = nothing;
    if (this.#counted === this.#capacity) {
      if (!this.#dropOldest) return entry;
      dropped = this.#entries.takeFirst((oldest) => !isOwned(oldest));
      this.#counted--;
    }
    this.#entries.push(entry);
    this.#counted++;
    return dropped;
  }

  /** Takes the first entry, or `nothing`. */
  take(): unknown {
    const entry = this.#entries.shift();
    if (entry !== nothing && !isOwned(entry)) this.#counted--;
    return entry;
  }

  /** Takes every envelope and leaves the plain messages: what a restart does. */
  takeEnvelopes(): Envelope[] {
    const envelopes = this.#entries.takeAll((entry) => entry instanceof Envelope) as Envelope[];
    this.#counted -= envelopes.filter((envelope) => !envelope.owned).length;
    return envelopes;
  }
}

function isOwned(entry: unknown): boolean {
  return entry instanceof Envelope && entry.owned;
}
