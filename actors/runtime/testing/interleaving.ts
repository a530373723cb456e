/**
 * Tries orders in which the actors of a scenario could run. What is promised to hold must hold in
 * all of them, not only in the one in which the dispatcher happens to go round.
 *
 * @module
 */

import { type Random, seededRandom } from "../random.ts";
import { ActorSystem, type ActorSystemOptions } from "../system.ts";
import { STOP_WITHIN_MS, stopWithin } from "./clean_stop.ts";
import { VirtualClock } from "./virtual_clock.ts";

/** What a scenario runs in: a system of its own, in which one message is handled at a time. */
export interface InterleavingWorld {
  readonly system: ActorSystem;
  readonly clock: VirtualClock;
  /** For what the scenario itself leaves open; from the same seed. */
  readonly random: Random;
  /** What repeats this order. */
  readonly seed: number;
}

/** How many orders to try, and which. */
export interface InterleavingOptions {
  /** Orders to try, each from a seed of its own. Default 100. */
  readonly runs?: number;
  /** The first seed; each run takes the next. Default 1. */
  readonly seed?: number;
  /** For the system; `onFailure` is `continue` unless stated. */
  readonly system?: Partial<Omit<ActorSystemOptions, "clock" | "random" | "runOrder">>;
}

/**
 * Runs the scenario once for each order, and resolves to what came of each. The scenario makes its
 * actors, tells, settles the clock, and throws if something does not hold. The system is stopped
 * for it; a scenario that wants nothing to be left calls `stopCleanly` itself.
 *
 * The same seed gives the same order, as long as the scenario itself takes clock and randomness
 * from its world and waits for nothing outside.
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
