/**
 * Randomness for this library. This is the only file of the library that draws random numbers; everything else is
 * handed a {@linkcode Random}, so that tests can repeat a run.
 *
 * @module
 */

/** A source of numbers in [0, 1), as `Math.random`. */
export type Random = () => number;

/** The runtime's own pseudo-random source: good enough for jitter and shuffling, not for secrets. */
export const systemRandom: Random = Math.random;

/** A source of random bytes, in a buffer of their own. */
export type RandomBytes = (sizeBytes: number) => Uint8Array;

/** Random bytes from the system's cryptographically secure source: for session passwords and for ids that nobody may guess. */
export function secureRandomBytes(sizeBytes: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(sizeBytes));
}
