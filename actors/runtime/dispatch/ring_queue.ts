/**
 * A first-in, first-out queue on a ring buffer that grows by doubling. It has no bound: its users set
 * one. An array would not do, because `shift` on a long array copies it.
 *
 * @module
 */

/** What {@linkcode RingQueue} returns when it is empty. No message can be this. */
export const EMPTY: unique symbol = Symbol("rollcall.actor.empty");

/** The shared ring of queues that were always empty, as most of a system are. Never written to. */
const NO_SLOTS: never[] = [];

/** Smallest size of a ring, a power of two. Many queues never hold more than one item. */
const SMALLEST_RING = 2;

/** An unbounded queue with constant-time access to both ends. */
export class RingQueue<T> {
  #slots: (T | undefined)[] = NO_SLOTS;
  #head = 0;
  #size = 0;

  /** How many items wait. */
  get size(): number {
    return this.#size;
  }

  /** Adds an item at the end. */
  push(item: T): void {
    if (this.#size === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#size) & (this.#slots.length - 1)] = item;
    this.#size++;
  }

  /** Adds an item at the front. */
  unshift(item: T): void {
    if (this.#size === this.#slots.length) this.#grow();
    this.#head = (this.#head - 1) & (this.#slots.length - 1);
    this.#slots[this.#head] = item;
    this.#size++;
  }

  /** Takes the first item. */
  shift(): T | typeof EMPTY {
    if (this.#size === 0) return EMPTY;
    const slots = this.#slots;
    const head = this.#head;
    const item = slots[head] as T;
    slots[head] = undefined;
    this.#head = (head + 1) & (slots.length - 1);
    this.#size--;
    return item;
  }

  /** Takes the item at this distance from the front and keeps the order of the others. */
  takeAt(distance: number): T | typeof EMPTY {
    if (distance >= this.#size) return EMPTY;
    const mask = this.#slots.length - 1;
    const item = this.#slots[(this.#head + distance) & mask] as T;
    // What stood before it moves up by one: usually nothing does.
    for (let behind = distance; behind > 0; behind--) {
      this.#slots[(this.#head + behind) & mask] = this.#slots[(this.#head + behind - 1) & mask];
    }
    this.shift();
    return item;
  }

  /** Takes the first item that matches and keeps the order of the others. */
  takeFirst(matches: (item: T) => boolean): T | typeof EMPTY {
    const mask = this.#slots.length - 1;
    for (let distance = 0; distance < this.#size; distance++) {
      if (matches(this.#slots[(this.#head + distance) & mask] as T)) return this.takeAt(distance);
    }
    return EMPTY;
  }

  /** Takes every item that matches, in order, and keeps the order of the others. */
  takeAll(matches: (item: T) => boolean): T[] {
    const taken: T[] = [];
    for (let left = this.#size; left > 0; left--) {
      const item = this.shift() as T;
      if (matches(item)) taken.push(item);
      else this.push(item);
    }
    return taken;
  }

  #grow(): void {
    const grown: (T | undefined)[] = new Array(Math.max(SMALLEST_RING, this.#slots.length * 2));
    for (let index = 0; index < this.#size; index++) {
      grown[index] = this.#slots[(this.#head + index) & (this.#slots.length - 1)];
    }
    this.#slots = grown;
    this.#head = 0;
  }
}
