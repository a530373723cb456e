/**
 * The user lane of an actor: messages that wait, up to a bound. The control lane is a queue in
 * cell.ts; it needs no bound of its own, because what may be in it is bounded by what the actor has
 * (children, watches, one stop).
 *
 * @module
 */

import { DEFAULT_MAILBOX_CAPACITY, type MailboxOptions } from "../actor_definition.ts";
import { EMPTY, RingQueue } from "./ring_queue.ts";
import { ActorError } from "../errors.ts";

/** What opening an envelope yields when its content was taken back in the meantime. */
export const takenBack: unique symbol = Symbol("rollcall.actor.takenBack");

/**
 * A mailbox entry that is more than its message. Most are the message alone, so that telling costs
 * nothing but a slot.
 */
export abstract class Wrapped {
  /** What is inside, for dead letters; `takenBack` if nobody will miss it. */
  abstract readonly content: unknown;

  /** The same for those who only look: to see it does not take it out. */
  get shown(): unknown {
    return this.content;
  }
}

/**
 * A message that belongs to one incarnation: a tick, the outcome of a task or an ask, or a message
 * in another protocol. What the actor will see is made when it is opened, in the actor's own turn,
 * so that a mapping that throws fails the right actor.
 */
export class Envelope extends Wrapped {
  /** Makes the message. */
  readonly open: () => unknown;
  /** What is inside before mapping. */
  readonly content: unknown;
  /**
   * Whether the actor brought this on itself. Then it does not count against the capacity: dropping
   * the one outcome that an actor waits for would leave it waiting for ever.
   */
  readonly owned: boolean;
  /** What a hook had it carry from where it was told to where it is handled. */
  carried: unknown = undefined;

  constructor(open: () => unknown, content: unknown, owned: boolean) {
    super();
    this.open = open;
    this.content = content;
    this.owned = owned;
  }
}

/** A bounded queue of messages. */
export class Mailbox {
  readonly #capacity: number;
  readonly #dropOldest: boolean;
  readonly #entries = new RingQueue<unknown>();
  /** Entries that do not count against the capacity. */
  #owned = 0;

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

  /** Whether one more message has no room. */
  get isFull(): boolean {
    return this.#entries.size - this.#owned >= this.#capacity;
  }

  /** Adds an entry that counts. The caller has made sure that there is room. */
  push(entry: unknown): void {
    this.#entries.push(entry);
  }

  /** Adds an entry that needs no room. */
  pushOwned(envelope: Envelope): void {
    this.#owned++;
    this.#entries.push(envelope);
  }

  /** Puts entries ahead of all others, in their order. What may come back is bounded elsewhere. */
  putBack(entries: readonly unknown[]): void {
    for (const entry of entries.toReversed()) {
      if (isOwned(entry)) this.#owned++;
      this.#entries.unshift(entry);
    }
  }

  /** When it is full: makes room for another entry and returns what went, or `nothing` if it may not. */
  makeRoom(): unknown {
    if (!this.#dropOldest) return EMPTY;
    return this.#entries.takeFirst((oldest) => !isOwned(oldest));
  }

  /** Takes the first entry, or `nothing`. */
  take(): unknown {
    const entry = this.#entries.shift();
    if (this.#owned > 0 && isOwned(entry)) this.#owned--;
    return entry;
  }

  /** Takes every envelope and leaves the others: what a restart does. */
  takeEnvelopes(): Envelope[] {
    if (this.#entries.size === 0) return [];
    this.#owned = 0;
    return this.#entries.takeAll((entry) => entry instanceof Envelope) as Envelope[];
  }
}

function isOwned(entry: unknown): boolean {
  return entry instanceof Envelope && entry.owned;
}
