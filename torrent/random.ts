/** Chance for this folder: the only place that asks the system for it. Tests hand in their own. */

/** A number from 0 (inclusive) to 1 (exclusive). */
export type Random = () => number;

/** The system's chance. */
export const systemRandom: Random = () => Math.random();
