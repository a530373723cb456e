/**
 * The receptionist: actors are found by the service that they offer, under a name that one actor holds
 * or as a group. An actor's entries are removed when it ends. The product does not use it, because its
 * actors are handed the references that they need; it is for the library's users.
 *
 * @module
 */

import { ActorError } from "../errors.ts";
import { type ActorRef, isWatchable, onTermination } from "../ref.ts";

/** Names a service and the protocol of the actors that offer it. Make one key per service, once. */
export interface ServiceKey<M> {
  /** The service's name, for people. Two keys of the same name are two services. */
  readonly name: string;
  /** Only in the types: actors found under a key have exactly the key's protocol. */
  readonly protocol?: (message: M) => M;
}

/** Makes the key of a service. */
export function serviceKey<M>(name: string): ServiceKey<M> {
  return { name };
}

/** The message that subscribers get: the actors that offer a service. */
export interface Listing<M> {
  /** Tells it apart from other messages of the subscriber's protocol. */
  readonly type: "listing";
  /** The service. */
  readonly key: ServiceKey<M>;
  /** The actors that offer it, in the order of registration. */
  readonly refs: readonly ActorRef<M>[];
}

/** A key whose protocol is of no interest. */
interface AnyKey {
  readonly name: string;
}

/** Entries and subscribers under one key. */
interface Service {
  /** Each with the function that ends its death watch. */
  readonly refs: Map<ActorRef<never>, () => void>;
  readonly subscribers: Map<ActorRef<never>, () => void>;
}

/**
 * Most entries and most subscribers of one key. They are actors of one process; more than this means
 * that an actor registers in a loop.
 */
const LIMIT_PER_KEY = 4096;

/**
 * A register of actors by the service that they offer. Hand it to the actors that need it; there may be
 * several.
 *
 * An actor that registers `context.self` stays registered over its restarts.
 */
export class Receptionist {
  readonly #services = new Map<AnyKey, Service>();

  /**
   * Adds an actor to those that offer the service, once however often it is called. One that has
   * ended is ignored.
   *
   * @throws {ActorError} `not_watchable` if its end cannot be seen, `invalid_option` beyond 4096.
   */
  register<M>(key: ServiceKey<M>, ref: ActorRef<M>): void {
    const service = this.#service(key);
    this.#enter(key, service, { entries: service.refs, ref, onEnd: () => this.#announce(key) });
    if (service.refs.has(ref)) this.#announce(key);
  }

  /**
   * Registers an actor as the only one that offers the service: a name.
   *
   * @throws {ActorError} `name_taken` while another holds it; see also {@linkcode register}.
   */
  registerName<M>(key: ServiceKey<M>, ref: ActorRef<M>): void {
    const holder = this.findOne(key);
    if (holder !== undefined && holder !== ref) {
      throw new ActorError(
        "name_taken",
        `register ${ref.path} as ${key.name}: expected nobody under that name, there is ${holder.path}`,
      );
    }
    this.register(key, ref);
  }

  /** Removes an actor; it has no effect on one that is not registered. */
  unregister<M>(key: ServiceKey<M>, ref: ActorRef<M>): void {
    const refs = this.#services.get(key)?.refs;
    refs?.get(ref)?.();
    if (refs?.delete(ref)) this.#announce(key);
  }

  /** The actors that offer the service, in the order of registration. */
  find<M>(key: ServiceKey<M>): readonly ActorRef<M>[] {
    // Only `register` adds entries, with the protocol of the same key.
    return [...this.#services.get(key)?.refs.keys() ?? []] as ActorRef<M>[];
  }

  /** The first actor that offers the service; undefined if there is none. */
  findOne<M>(key: ServiceKey<M>): ActorRef<M> | undefined {
    return this.find(key)[0];
  }

  /**
   * Sends the subscriber the listing now and at each change, until the subscriber ends.
   *
   * @throws {ActorError} As {@linkcode register}.
   */
  subscribe<M>(key: ServiceKey<M>, subscriber: ActorRef<Listing<M>>): void {
    const service = this.#service(key);
    this.#enter(key, service, { entries: service.subscribers, ref: subscriber, onEnd: () => {} });
    if (service.subscribers.has(subscriber)) {
      subscriber.tell({ type: "listing", key, refs: this.find(key) });
    }
  }

  /** Removes a subscriber; it has no effect on one that has not subscribed. */
  unsubscribe<M>(key: ServiceKey<M>, subscriber: ActorRef<Listing<M>>): void {
    const subscribers = this.#services.get(key)?.subscribers;
    subscribers?.get(subscriber)?.();
    subscribers?.delete(subscriber);
    this.#forgetIfEmpty(key);
  }

  #service(key: AnyKey): Service {
    const service = this.#services.get(key) ?? { refs: new Map(), subscribers: new Map() };
    this.#services.set(key, service);
    return service;
  }

  #enter(
    key: AnyKey,
    service: Service,
    { entries, ref, onEnd }: {
      readonly entries: Map<ActorRef<never>, () => void>;
      readonly ref: ActorRef<never>;
      readonly onEnd: () => void;
    },
  ): void {
    if (entries.has(ref)) return;
    const problem = !isWatchable(ref)
      ? new ActorError(
        "not_watchable",
        `register ${ref.path} for ${key.name}: expected a reference made by this runtime`,
      )
      : entries.size >= LIMIT_PER_KEY
      ? new ActorError(
        "invalid_option",
        `register ${ref.path} for ${key.name}: expected fewer than ${LIMIT_PER_KEY} entries`,
      )
      : undefined;
    if (problem !== undefined || !isWatchable(ref)) {
      this.#forgetIfEmpty(key);
      throw problem;
    }
    // Entered before the watch: if the actor has ended, the listener is called at once.
    entries.set(ref, () => {});
    const unwatch = ref[onTermination](() => {
      entries.delete(ref);
      onEnd();
      this.#forgetIfEmpty(key);
    });
    if (entries.has(ref)) entries.set(ref, unwatch);
    this.#services.set(key, service);
    this.#forgetIfEmpty(key);
  }

  #announce<M>(key: ServiceKey<M>): void {
    const subscribers = this.#services.get(key)?.subscribers;
    const listing: Listing<M> = { type: "listing", key, refs: this.find(key) };
    for (const subscriber of [...subscribers?.keys() ?? []]) {
      (subscriber as ActorRef<Listing<M>>).tell(listing);
    }
    this.#forgetIfEmpty(key);
  }

  #forgetIfEmpty(key: AnyKey): void {
    const service = this.#services.get(key);
    if (service?.refs.size === 0 && service.subscribers.size === 0) this.#services.delete(key);
  }
}
