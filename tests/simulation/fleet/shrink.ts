/**
 * Looks for the shortest schedule that still breaks the same invariant: kinds of faults are left out one after the other,
 * then single faults, then lasting ones are made shorter.
 *
 * @module
 */

import type { Fault } from "./faults.ts";
import { type RunOptions, type RunResult, runScenario } from "./run.ts";
import type { Scenario } from "./scenario.ts";

/** A schedule that breaks an invariant. */
export interface Shrunk {
  readonly scenario: Scenario;
  readonly result: RunResult;
  /** How many runs it took. */
  readonly runs: number;
}

/** Shrinks a scenario that breaks an invariant, within that many runs. */
export async function shrink(
  scenario: Scenario,
  result: RunResult,
  { runsMax = 150, ...options }: RunOptions & { readonly runsMax?: number } = {},
): Promise<Shrunk> {
  const check = result.violation?.check;
  let best = { scenario, result };
  let runs = 0;

  async function attempt(faults: readonly Fault[]): Promise<boolean> {
    if (runs >= runsMax || faults.length === 0 && best.scenario.faults.length === 0) return false;
    runs++;
    const shorter = { ...scenario, faults };
    const outcome = await runScenario(shorter, options);
    if (outcome.violation?.check !== check) return false;
    best = { scenario: shorter, result: outcome };
    return true;
  }

  for (const kind of new Set(scenario.faults.map((fault) => fault.kind))) {
    await attempt(best.scenario.faults.filter((fault) => fault.kind !== kind));
  }
  // Halves first, then ever smaller parts; single ones until none can be left out.
  let size = Math.ceil(best.scenario.faults.length / 2);
  while (size >= 1) {
    const before = best.scenario.faults.length;
    for (let at = 0; at < best.scenario.faults.length;) {
      const { faults } = best.scenario;
      const isShorter = await attempt([...faults.slice(0, at), ...faults.slice(at + size)]);
      if (!isShorter) at += size;
    }
    if (size > 1 || best.scenario.faults.length === before) size = size >> 1;
  }
  return { ...best, runs };
}
