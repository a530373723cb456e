/**
 * Random numbers for everything outside of the two libraries. This is the only file that asks the system for them; tests hand
 * in their own.
 */

/** Returns a number from 0 (inclusive) to 1 (exclusive). */
export type Random = () => number;

/** The system's random numbers. */
export const systemRandom: Random = () => Math.random();

/** Picks at most `count` of the items, every subset with the same probability, in random order. */
export function pickRandom<Item>(items: Iterable<Item>, count: number, random: Random): Item[] {
  const pool = [...items];
  const picked = Math.min(count, pool.length);
  for (let index = 0; index < picked; index++) {
    const other = index + Math.floor(random() * (pool.length - index));
    const [left, right] = [pool[index], pool[other]];
    if (left === undefined || right === undefined) break;
    pool[index] = right;
    pool[other] = left;
  }
  return pool.slice(0, picked);
}
