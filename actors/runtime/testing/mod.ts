/**
 * The test kit of the actor runtime: time that a test moves, actors that stand in for others, dead
 * letters as expectations, and a scheduler that tries the orders in which actors could run.
 *
 * @module
 */

export { stopCleanly, type VirtualSystem } from "./clean_stop.ts";
export { type DeadLetterWatch, watchDeadLetters } from "./dead_letter_watch.ts";
export {
  exploreInterleavings,
  type InterleavingOptions,
  type InterleavingWorld,
} from "./interleaving.ts";
export { type Probe, spawnProbe } from "./probe.ts";
export { VirtualClock } from "./virtual_clock.ts";
