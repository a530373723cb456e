/**
 * Topics: typed channels between actors, which pass each message on to all subscribers. A topic keeps
 * no queue of its own; each subscriber's mailbox is the bound, and its overflow policy decides. The
 * agent's actors tell each other their news by topics.
 *
 * @module
 */

import { ActorError } from "../errors.ts";
import { type ActorRef, isWatchable, onTermination } from "../ref.ts";

/** How a topic treats its subscribers. */
export interface TopicOptions {
  /**
   * Whether a new subscriber gets the last message at once. Default false. For topics that say how
   * things stand rather than what happened.
   */
  readonly replayLast?: boolean;
  /**
   * Subscribers at most. Default 1024: topics connect the actors of one process; more of them than
   * this means that subscribing is in a loop.
   */
  readonly maxSubscribers?: number;
}

/** What became of one message that was published. */
export interface Published {
  /** Subscribers whose mailbox took it. */
  readonly accepted: number;
  /** Subscribers whose mailbox was full; each is a dead letter. */
  readonly overflowed: number;
}

/** The sending end of a topic. */
export interface Publisher<in M> {
  /** Passes a message on to all subscribers. */
  readonly publish: (message: M) => Published;
}

/** The receiving end of a topic. */
export interface Subscribable<out M> {
  /** Adds a subscriber. */
  readonly subscribe: (subscriber: ActorRef<M>) => void;
  /** Removes a subscriber. */
  readonly unsubscribe: (subscriber: ActorRef<M>) => void;
}

/**
 * A typed channel from any number of publishers to any number of actors. Hand out its ends
 * separately, as {@linkcode Publisher} and {@linkcode Subscribable}.
 *
 * A subscriber that ends is dropped. An actor that subscribes `context.self` stays subscribed over
 * its restarts; one that subscribes an adapter is dropped with the incarnation that made it.
 */
export class Topic<M> implements Publisher<M>, Subscribable<M> {
  /** The topic's name, for people. */
  readonly name: string;
  readonly #replayLast: boolean;
  readonly #maxSubscribers: number;
  /** Each with the function that ends its death watch. */
  readonly #subscribers = new Map<ActorRef<M>, () => void>();
  #last: { readonly message: M } | undefined;

  /** Makes a topic without subscribers. */
  constructor(name: string, options: TopicOptions = {}) {
    this.name = name;
    this.#replayLast = options.replayLast ?? false;
    this.#maxSubscribers = options.maxSubscribers ?? 1024;
  }

  /** Number of subscribers. */
  get subscriberCount(): number {
    return this.#subscribers.size;
  }

  /**
   * Adds a subscriber, once however often it is called. One that has ended is ignored.
   *
   * @throws {ActorError} `invalid_option` when there are `maxSubscribers` already.
   */
  subscribe(subscriber: ActorRef<M>): void {
    if (this.#subscribers.has(subscriber)) return;
    if (this.#subscribers.size >= this.#maxSubscribers) {
      throw new ActorError(
        "invalid_option",
        `subscribe ${subscriber.path} to ${this.name}: expected fewer than ` +
          `${this.#maxSubscribers} subscribers, there are as many; subscribe once per actor`,
      );
    }
    this.#subscribers.set(subscriber, () => {});
    if (isWatchable(subscriber)) {
      const unwatch = subscriber[onTermination](() => this.#subscribers.delete(subscriber));
      if (!this.#subscribers.has(subscriber)) return;
      this.#subscribers.set(subscriber, unwatch);
    }
    if (this.#replayLast && this.#last !== undefined) subscriber.tell(this.#last.message);
  }

  /** Removes a subscriber; it has no effect on one that has not subscribed. */
  unsubscribe(subscriber: ActorRef<M>): void {
    this.#subscribers.get(subscriber)?.();
    this.#subscribers.delete(subscriber);
  }

  /** Passes a message on to all subscribers. Never throws. */
  publish(message: M): Published {
    if (this.#replayLast) this.#last = { message };
    let accepted = 0;
    let overflowed = 0;
    for (const subscriber of [...this.#subscribers.keys()]) {
      const outcome = subscriber.tell(message);
      if (outcome === "accepted") accepted++;
      else if (outcome === "overflow") overflowed++;
      else this.unsubscribe(subscriber);
    }
    return { accepted, overflowed };
  }
}
