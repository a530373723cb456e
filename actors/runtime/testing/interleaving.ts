/**
 * Runs a scenario in many orders in which its actors could run. What a test expects must hold in all of
 * them, not only in the order in which the dispatcher happens to run them.
 *
 * @module
 */

import { type Random, seededRandom } from "../random.ts";
import { ActorSystem, type ActorSystemOptions } from "../system.ts";
import { STOP_WITHIN_MS, stopWithin } from "./clean_stop.ts";
import { VirtualClock } from "./virtual_clock.ts";

/** What a scenario runs in: a system of its own, whose actors handle one message per turn. */
export interface InterleavingWorld {
  /** The system; it is stopped after the scenario. */
  readonly system: ActorSystem;
  /** The system's clock. */
  readonly clock: VirtualClock;
  /** Randomness for the scenario itself, from the same seed. */
  readonly random: Random;
  /** The seed that replays this order. */
  readonly seed: number;
}

/** How many orders to try, and which. */
export interface InterleavingOptions {
  /** Orders to try, each from a seed of its own. Default 100. */
  readonly runs?: number;
  /** The first seed; each run takes the next. Default 1. */
  readonly seed?: number;
  /** Options of the system; `onFailure` is `continue` unless stated. */
  readonly system?: Partial<Omit<ActorSystemOptions, "clock" | "random" | "runOrder">>;
}

/**
 * Runs the scenario once for each order, and resolves to the results. The scenario makes its actors,
 * tells, settles the clock, and throws if something does not hold. Its system is stopped after it; a
 * scenario that checks that nothing is left calls `stopCleanly` itself.
 *
 * The same seed gives the same order, as long as the scenario takes clock and randomness from its world
 * and waits for nothing outside.
 *
 * @throws {Error} At the first order in which the scenario throws; names the seed that replays it.
 */
export async function exploreInterleavings<T = void>(
  scenario: (world: InterleavingWorld) => T | Promise<T>,
  options: InterleavingOptions = {},
): Promise<T[]> {
  const { runs = 100, seed: firstSeed = 1 } = options;
  const results: T[] = [];
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    try {
      results.push(await runOnce(scenario, seed, options.system));
    } catch (error) {
      throw new Error(
        `explore interleavings: the scenario failed with seed ${seed}; to replay it, pass ` +
          `{ seed: ${seed}, runs: 1 }`,
        { cause: error },
      );
    }
  }
  return results;
}

async function runOnce<T>(
  scenario: (world: InterleavingWorld) => T | Promise<T>,
  seed: number,
  options: InterleavingOptions["system"],
): Promise<T> {
  const clock = new VirtualClock();
  const order = seededRandom(seed);
  const system = ActorSystem.create({
    name: "interleaving",
    onFailure: () => "continue",
    ...options,
    clock,
    random: seededRandom(~seed),
    runOrder: { pick: (count) => Math.floor(order.next() * count) },
  });
  try {
    return await scenario({ system, clock, random: order, seed });
  } finally {
    await stopWithin({ system, clock }, STOP_WITHIN_MS);
  }
}
