/**
 * The one place of this folder that draws random numbers. Everything else is handed a `Random`, so that tests can
 * repeat a run.
 *
 * @module
 */

/** A source of numbers in [0, 1), as `Math.random`. */
export type Random = () => number;

/** The runtime's own source; good enough for jitter and shuffling, not for secrets. */
export const systemRandom: Random = Math.random;

/** Bytes from the system's secure source: session passwords and the ids that protect a create. */
export function secureRandomBytes(sizeBytes: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(sizeBytes));
}
