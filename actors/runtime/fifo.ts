/**
 * A first-in, first-out queue on a ring that grows by doubling. It has no bound of its own: whoever
 * uses it sets one. Not an array, because `shift` on a long array copies it.
 *
 * @module
 */

/** What {@linkcode Fifo} answers when it is empty; no message can be this. */
export const nothing: unique symbol = Symbol("rollcall.actor.nothing");

/** An unbounded queue with constant-time access to both ends. */
export class Fifo<T> {
  #slots: (T | undefined)[] = [];
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

  /** Takes the first item. */
  shift(): T | typeof nothing {
    if (this.#size === 0) return nothing;
    const item = this.#slots[this.#head] as T;
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#size--;
    return item;
  }

  /** Takes the first item that matches and keeps the order of the others. */
  takeFirst(matches: (item: T) => boolean): T | typeof nothing {
    const mask = this.#slots.length - 1;
    for (let offset = 0; offset < this.#size; offset++) {
      const item = this.#slots[(this.#head + offset) & mask] as T;
      if (!matches(item)) continue;
      // What stood before it moves up by one: usually nothing does.
      for (let behind = offset; behind > 0; behind--) {
        this.#slots[(this.#head + behind) & mask] = this.#slots[(this.#head + behind - 1) & mask];
      }
      this.shift();
      return item;
    }
    return nothing;
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
    const grown: (T | undefined)[] = new Array(Math.max(8, this.#slots.length * 2));
    for (let index = 0; index < this.#size; index++) {
      grown[index] = this.#slots[(this.#head + index) & (this.#slots.length - 1)];
    }
    this.#slots = grown;
    this.#head = 0;
  }
}
