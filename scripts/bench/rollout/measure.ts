/**
 * One rollout, from empty hosts to an idle fleet, and what it took.
 *
 * @module
 */

import type { Contender } from "./contender.ts";
import { type Counts, countsBetween } from "./counts.ts";
import { DidNotComplete } from "./did_not_complete.ts";
import { RESTART_MS } from "./pace.ts";
import { FIRST_VERSION, NEW_VERSION } from "./plan.ts";
import type { Setting } from "./setting.ts";

/** What one rollout took. */
export interface Outcome {
  /** What went by from the rollout's start until the fleet had come to rest. */
  readonly rollout: Counts;
  /** What an idle fleet lets go by. */
  readonly idle: Counts;
  /** How long that was watched; 0 if it was not. */
  readonly idleMs: number;
  /** From each host's stop to the next one's, beyond the restart itself, in ms. */
  readonly handoversMs: readonly number[];
}

/** How a rollout is measured. */
export interface MeasureOptions {
  readonly hostCount: number;
  /** Most time for each part, such as the fleet's start and its rollout, in ms; asked when the part begins. */
  readonly limitMs: () => number;
  /** How long a fleet is left alone after its rollout, in ms: whoever is woken by its end has come to rest by then. */
  readonly settleMs: number;
  /** How long the idle fleet is watched, in ms; asked when that begins. 0: not at all. */
  readonly idleMs: () => number;
}

/** How often it is asked how far the hosts are, in ms. */
const POLL_MS = 200;

/** Measures one rollout. @throws {DidNotComplete} */
export async function measure(
  contender: Contender,
  setting: Setting,
  options: MeasureOptions,
): Promise<Outcome> {
  const { hostCount, settleMs } = options;
  const { zk } = setting;
  const course = new Course(setting, options);
  await contender.prepare(zk);
  setting.start({ first: 1, count: 1 });
  await course.until("a host registers", () => contender.isRegistered(zk));
  await contender.install(zk);
  await course.untilServing(FIRST_VERSION, 1);
  await course.until("the first rollout ends", () => contender.isSettled(zk));
  setting.start({ first: 2, count: hostCount - 1 });
  await course.untilServing(FIRST_VERSION, hostCount);
  await setting.pause(settleMs);

  const before = setting.counts();
  course.stopsMs.length = 0;
  await contender.rollOut(zk);
  await course.untilServing(NEW_VERSION, hostCount);
  await course.until("the rollout ends", () => contender.isSettled(zk));
  await setting.pause(settleMs);
  const rollout = countsBetween(before, setting.counts());

  const idleMs = options.idleMs();
  const idleFrom = setting.counts();
  await setting.pause(idleMs);
  const idle = countsBetween(idleFrom, setting.counts());
  if (course.stopsMs.length !== hostCount) {
    throw new DidNotComplete(`expected ${hostCount} restarts, was ${course.stopsMs.length}`);
  }
  return { rollout, idle, idleMs, handoversMs: handovers(course.stopsMs) };
}

/** The times between two stops that follow each other, beyond what a restart takes. */
export function handovers(stopsMs: readonly number[]): number[] {
  const sortedMs = stopsMs.toSorted((a, b) => a - b);
  return sortedMs.slice(1).map((stopMs, index) => stopMs - (sortedMs[index] ?? NaN) - RESTART_MS);
}

/** Follows how far the hosts are. */
class Course {
  readonly stopsMs: number[] = [];
  readonly #setting: Setting;
  readonly #limitMs: () => number;

  constructor(setting: Setting, { limitMs }: Pick<MeasureOptions, "limitMs">) {
    this.#setting = setting;
    this.#limitMs = limitMs;
  }

  /** Waits until that many hosts serve a version. @throws {DidNotComplete} */
  async untilServing(version: string, hostCount: number): Promise<void> {
    let count = 0;
    const reached = () => `${count} of ${hostCount} hosts serve ${version}`;
    await this.#until(reached, async (leftMs) => {
      const { serving, stopsMs } = await this.#setting.state(leftMs);
      this.stopsMs.push(...stopsMs);
      count = serving[version] ?? 0;
      return count === hostCount;
    });
  }

  /** Waits until something holds. @throws {DidNotComplete} */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    await this.#until(() => `expected that ${what}, it has not`, holds);
  }

  async #until(
    reached: () => string,
    holds: (leftMs: number) => Promise<boolean>,
  ): Promise<void> {
    const setting = this.#setting;
    const startedMs = setting.nowMs();
    const limitMs = this.#limitMs();
    const before = setting.counts();
    for (;;) {
      const leftMs = limitMs - (setting.nowMs() - startedMs);
      let problem = "";
      if (leftMs > 0) {
        try {
          if (await holds(leftMs)) return;
        } catch (error) {
          if (!(error instanceof DidNotComplete)) throw error;
          problem = ` (${error.message})`;
        }
      }
      if (leftMs <= 0 || problem !== "") {
        const seconds = Math.round((setting.nowMs() - startedMs) / 1_000);
        const { operations, replyBytes } = countsBetween(before, setting.counts());
        throw new DidNotComplete(
          `${reached()} after ${seconds} s${problem}; in that time ${operations} operations and ` +
            `${(replyBytes / 1e6).toFixed(0)} MB of replies went by`,
        );
      }
      await setting.pause(POLL_MS);
    }
  }
}
