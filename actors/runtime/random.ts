/**
 * The randomness that the runtime uses. It is handed in, so that a run can be repeated from a seed.
 * This is the only file of the runtime that calls `Math.random`. It is not for secrets.
 *
 * @module
 */

/** A source of random numbers. */
export interface Random {
  /** The next number, at least 0 and less than 1. */
  next(): number;
}

/** The randomness of the machine: the default outside tests. */
export const systemRandom: Random = { next: () => Math.random() };

/**
 * Makes a generator that yields the same sequence for the same seed. (SplitMix32: small, and good
 * enough for jitter and tests.)
 */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return {
    next() {
      state = (state + 0x9e3779b9) | 0;
      let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
      return ((mixed ^ (mixed >>> 15)) >>> 0) / 0x1_0000_0000;
    },
  };
}
