/**
 * Finding actors by what they do: names that one actor holds, and groups of actors that offer the
 * same service. Entries leave with their actors.
 *
 * @module
 */

import { ActorError } from "../errors.ts";
import { type ActorRef, isWatchable, onTermination } from "../ref.ts";

/** Names a service, and the protocol that whoever offers it speaks. Make one per service, once. */
export interface ServiceKey<M> {
  /** For people. Two keys of the same name are two services. */
  readonly name: string;
  /** Only in the types: what is found under a key speaks the key's protocol, no more and no less. */
  readonly protocol?: (message: M) => M;
}

/** Makes the key of a service. */
export function serviceKey<M>(name: string): ServiceKey<M> {
  return { name };
}

/** Who offers a service, in the order of registration. What subscribers get. */
export interface Listing<M> {
  readonly type: "listing";
  readonly key: ServiceKey<M>;
  readonly refs: readonly ActorRef<M>[];
}

/** A key whatever its protocol, which only the types of the methods care for. */
interface AnyKey {
  readonly name: string;
}

/** Entries and subscribers under one key. */
interface Service {
  /** Each with the way to end its death watch. */
  readonly refs: Map<ActorRef<never>, () => void>;
  readonly subscribers: Map<ActorRef<never>, () => void>;
}

/**
 * Entries and subscribers of one key at most. They are the actors of one process; more than this
 * means that registering is in a loop.
 */
const LIMIT_PER_KEY = 4096;

/**
 * Who offers what. Hand it to those who need it; there may be several.
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

  /** Takes an actor out; of no effect if it is not registered. */
  unregister<M>(key: ServiceKey<M>, ref: ActorRef<M>): void {
    const refs = this.#services.get(key)?.refs;
    refs?.get(ref)?.();
    if (refs?.delete(ref)) this.#announce(key);
  }

  /** Those that offer the service, in the order of registration. */
  find<M>(key: ServiceKey<M>): readonly ActorRef<M>[] {
    // Only `register` adds entries, with the protocol of the same key.
    return [...this.#services.get(key)?.refs.keys() ?? []] as ActorRef<M>[];
  }

  /** The first of them; undefined if there is none. */
  findOne<M>(key: ServiceKey<M>): ActorRef<M> | undefined {
    return this.find(key)[0];
  }

  /**
   * Sends the listing now and at each change, until the subscriber ends.
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

  /** Ends that; of no effect if there is no subscription. */
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
    // Entered first: on an actor that has ended the listener is called inline.
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
