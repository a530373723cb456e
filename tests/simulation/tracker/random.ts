/**
 * A seeded source of randomness: the same seed gives the same run, on every machine.
 *
 * @module
 */

/** Where the choices come from: numbers from 0 up to, not including, 1. */
export interface Source {
  next(): number;
}

/** Random choices that a seed determines. */
export class Random implements Source {
  readonly #source: Source;

  /** From a seed, or from the source of a run that has one already. */
  constructor(source: number | Source) {
    this.#source = typeof source === "number" ? mulberry32(source) : source;
  }

  /** {@inheritDoc Source.next} */
  next(): number {
    return this.#source.next();
  }

  /** True with that probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** One of the choices. */
  pick<T>(choices: readonly T[]): T {
    const choice = choices[this.between(0, choices.length - 1)];
    if (choice === undefined) throw new Error("pick: expected at least one choice, was none");
    return choice;
  }
}

/** The mulberry32 generator. */
function mulberry32(seed: number): Source {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = state;
      mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
    },
  };
}
