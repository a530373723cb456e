/**
 * The one source of randomness of a run. Everything random in a run comes from its seed; parts of the run have streams of
 * their own, so that a fault that is left out changes little of what happens elsewhere.
 *
 * @module
 */

import { type Random, seededRandom } from "../../../actors/runtime/mod.ts";

/** A stream of random values. */
export class RandomStream implements Random {
  readonly #seed: number;
  readonly #random: Random;

  constructor(seed: number) {
    this.#seed = seed | 0;
    this.#random = seededRandom(this.#seed);
  }

  /** A stream for a part of the run, by its name: always the same one, however much of this stream was used. */
  fork(name: string): RandomStream {
    let hash = this.#seed ^ 0x811c9dc5;
    for (let index = 0; index < name.length; index++) {
      hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
    }
    return new RandomStream(hash ^ (hash >>> 15));
  }

  /** At least 0 and less than 1. */
  next(): number {
    return this.#random.next();
  }

  /** True with that probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** A number between both; small ones are as likely as large ones on a logarithmic scale. */
  spread(low: number, high: number): number {
    return low * Math.pow(high / low, this.next());
  }

  /** One of the items. */
  pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.next() * items.length)];
    if (item === undefined) throw new Error("pick: expected at least one item, there is none");
    return item;
  }

  /** Some of the items, in random order. */
  some<T>(items: readonly T[], count: number): T[] {
    const pool = [...items];
    const picked: T[] = [];
    while (picked.length < count && pool.length > 0) {
      picked.push(...pool.splice(Math.floor(this.next() * pool.length), 1));
    }
    return picked;
  }

  /** That many random bytes. */
  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.between(0, 255));
  }
}
