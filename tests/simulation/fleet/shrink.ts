/**
 * Looks for the shortest scenario that still breaks the same invariant: kinds of faults are left out one after the other, then
 * single faults, hosts and services, and then what lasts is made shorter.
 *
 * @module
 */

import { reduce, type Reduction, wholeOf } from "./reduction.ts";
import { type RunOptions, type RunResult, runScenario } from "./run.ts";
import type { Scenario } from "./scenario.ts";

/** A scenario that breaks an invariant, shortened. */
export interface Shrunk {
  readonly kept: Reduction;
  readonly scenario: Scenario;
  readonly result: RunResult;
  /** How many runs it took. */
  readonly runs: number;
}

/** Shorter than that nothing is made, in ms: it is as good as nothing. */
const SHORTEST_MS = 50;

/** Most events of all its runs: one to two minutes. Those of 200 hosts have a hundred times as many as most. */
const EVENTS_MAX = 5_000_000;

/** Shrinks a scenario that breaks an invariant, within that many runs, or {@linkcode EVENTS_MAX}. */
export async function shrink(
  scenario: Scenario,
  result: RunResult,
  { runsMax = 300, ...options }: RunOptions & { readonly runsMax?: number } = {},
): Promise<Shrunk> {
  const check = result.violation?.check;
  let best = { kept: wholeOf(scenario), scenario, result };
  let runs = 0;
  let events = 0;
  const isOver = () => runs >= runsMax || events >= EVENTS_MAX;

  async function attempt(change: Partial<Reduction>): Promise<boolean> {
    if (isOver()) return false;
    runs++;
    const kept = { ...best.kept, ...change };
    const shorter = reduce(scenario, kept);
    const outcome = await runScenario(shorter, options);
    events += outcome.events;
    if (outcome.violation?.check !== check) return false;
    best = { kept, scenario: shorter, result: outcome };
    return true;
  }

  /** Leaves out halves first, then ever smaller parts, and single ones until none can be left out any more. */
  async function leaveOut(part: keyof Reduction, atLeast: number): Promise<void> {
    let size = Math.ceil(best.kept[part].length / 2);
    while (size >= 1 && !isOver()) {
      const before = best.kept[part].length;
      for (let at = 0; at < best.kept[part].length;) {
        const all = best.kept[part];
        const left = [...all.slice(0, at), ...all.slice(at + size)];
        const isShorter = left.length >= atLeast && await attempt({ [part]: left });
        if (!isShorter) at += size;
      }
      if (size > 1 || best.kept[part].length === before) size = size >> 1;
    }
  }

  /** Makes each fault that lasts shorter, as long as that goes well. */
  async function shorten(): Promise<void> {
    for (const { index } of best.kept.faults) {
      for (;;) {
        const forMs = best.kept.faults.find((fault) => fault.index === index)?.forMs ?? 0;
        if (forMs < 2 * SHORTEST_MS) break;
        const shorter = best.kept.faults.map((fault) =>
          fault.index === index ? { index, forMs: Math.round(forMs / 2) } : fault
        );
        if (!await attempt({ faults: shorter })) break;
      }
    }
  }

  for (const kind of new Set(scenario.faults.map((fault) => fault.kind))) {
    const isOther = ({ index }: { index: number }) => scenario.faults[index]?.kind !== kind;
    await attempt({ faults: best.kept.faults.filter(isOther) });
  }
  await leaveOut("faults", 0);
  await leaveOut("services", 1);
  await leaveOut("hosts", 1);
  await shorten();
  await leaveOut("faults", 0);
  return { ...best, runs };
}
