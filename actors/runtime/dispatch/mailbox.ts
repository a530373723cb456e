/**
 * Mailboxes: the messages that wait for an actor, up to a bound. System messages wait in a queue of the
 * cell, which needs no bound of its own: see cell/system_messages.ts.
 *
 * @module
 */

import { DEFAULT_MAILBOX_CAPACITY, type MailboxOptions } from "../actor_definition.ts";
import { EMPTY, RingQueue } from "./ring_queue.ts";
import { ActorError } from "../errors.ts";

/** What opening an envelope returns when its content was taken back in the meantime. */
export const takenBack: unique symbol = Symbol("rollcall.actor.takenBack");

/**
 * A mailbox entry that holds more than a message. Most entries are the message itself, so that telling
 * allocates nothing.
 */
export abstract class Wrapped {
  /** The content, for dead letters; `takenBack` if it is not to be one. */
  abstract readonly content: unknown;

  /** The content for tracers. Reading it does not count as taking the message out. */
  get shown(): unknown {
    return this.content;
  }
}

/**
 * A message that belongs to one incarnation: a tick, the outcome of a task or an ask, or a message
 * through an adapter. The message is made when the envelope is opened, in the actor's own turn, so that
 * a mapping that throws fails the right actor.
 */
export class Envelope extends Wrapped {
  /** Makes the message. */
  readonly open: () => unknown;
  /** The content before mapping. */
  readonly content: unknown;
  /**
   * Whether this comes of the actor's own work. Then it does not count against the capacity: an actor
   * whose awaited outcome was dropped would wait for ever.
   */
  readonly owned: boolean;
  /** What a message hook attached to it when it was told. */
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

  /** Adds an entry. The caller has made sure that there is room. */
  push(entry: unknown): void {
    this.#entries.push(entry);
  }

  /** Adds an entry that does not count against the capacity. */
  pushOwned(envelope: Envelope): void {
    this.#owned++;
    this.#entries.push(envelope);
  }

  /** Puts entries ahead of all others, in their order. The stash bounds how many those are. */
  putBack(entries: readonly unknown[]): void {
    for (const entry of entries.toReversed()) {
      if (isOwned(entry)) this.#owned++;
      this.#entries.unshift(entry);
    }
  }

  /** Drops the oldest entry to make room and returns it; `EMPTY` if the overflow policy forbids that. */
  makeRoom(): unknown {
    if (!this.#dropOldest) return EMPTY;
    return this.#entries.takeFirst((oldest) => !isOwned(oldest));
  }

  /** Takes the first entry; `EMPTY` if there is none. */
  take(): unknown {
    const entry = this.#entries.shift();
    if (this.#owned > 0 && isOwned(entry)) this.#owned--;
    return entry;
  }

  /** Takes every envelope and leaves the other entries. For restarts. */
  takeEnvelopes(): Envelope[] {
    if (this.#entries.size === 0) return [];
    this.#owned = 0;
    return this.#entries.takeAll((entry) => entry instanceof Envelope) as Envelope[];
  }
}

function isOwned(entry: unknown): boolean {
  return entry instanceof Envelope && entry.owned;
}
