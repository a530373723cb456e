/**
 * Tries orders in which the actors of a scenario could run. What is promised to hold must hold in
 * all of them, not only in the one in which the dispatcher happens to go round.
 *
 * @module
 */

import { type Random, seededRandom } from "../random.ts";
import { ActorSystem, type ActorSystemOptions } from "../system.ts";
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

/** Virtual time in which a system must be able to stop, in milliseconds: an hour. */
const STOP_WITHIN_MS = 3_600_000;

/**
 * Runs the scenario once for each order. The scenario makes its actors, tells, settles the clock,
 * and throws if something does not hold. The system is stopped for it.
 *
 * The same seed gives the same order, as long as the scenario itself takes clock and randomness
 * from its world and waits for nothing outside.
 *
 * @throws {Error} At the first order in which the scenario throws; names the seed that replays it.
 */
export async function exploreInterleavings(
  scenario: (world: InterleavingWorld) => void | Promise<void>,
  options: InterleavingOptions = {},
): Promise<void> {
  const { runs = 100, seed: firstSeed = 1 } = options;
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    try {
      await runOnce(scenario, seed, options.system);
    } catch (error) {
      throw new Error(
        `explore interleavings: the scenario failed with seed ${seed}; to replay it, pass ` +
          `{ seed: ${seed}, runs: 1 }`,
        { cause: error },
      );
    }
  }
}

async function runOnce(
  scenario: (world: InterleavingWorld) => void | Promise<void>,
  seed: number,
  options: InterleavingOptions["system"],
): Promise<void> {
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
    await scenario({ system, clock, random: order, seed });
  } finally {
    const stopped = system.stop();
    await clock.advance(STOP_WITHIN_MS);
    await stopped;
  }
}
