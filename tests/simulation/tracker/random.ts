/**
 * The random numbers of a run. The figures in docs/benchmarks/tracker_simulation.md were drawn with this generator; the
 * runtime's own gives others from the same seed.
 *
 * @module
 */

import type { Random } from "../../../base/random.ts";

/** The mulberry32 generator: the same seed gives the same numbers, on every machine. */
export function mulberry32(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
