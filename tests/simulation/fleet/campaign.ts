/**
 * Many runs, and what came of all of them together.
 *
 * @module
 */

import type { FaultKind } from "./faults.ts";
import type { Check } from "./invariants.ts";
import { type RunResult, runScenario } from "./run.ts";
import { drawScenario, type Scenario } from "./scenario.ts";

/** Which runs to make. */
export interface CampaignOptions {
  /** The seeds, in their order. */
  readonly seeds: readonly number[];
  readonly hostCount?: number | undefined;
  readonly serviceCount?: number | undefined;
  readonly kinds: readonly FaultKind[];
  /** What is not checked. */
  readonly skipped?: readonly Check[];
  /** Called after each run; false ends the campaign. */
  readonly onRun?: (scenario: Scenario, result: RunResult) => boolean | Promise<boolean>;
}

/** The figures of many runs. */
export interface Figures {
  runs: number;
  violations: number;
  /** Things that happened. */
  events: number;
  virtualMs: number;
  /** How often each kind of fault struck. */
  readonly faults: Record<string, number>;
  /** How often each kind of transaction happened. */
  readonly transactions: Record<string, number>;
  /** How often each verb was tried and done. */
  readonly verbs: Record<string, number>;
}

/** Figures of no runs. */
export function noFigures(): Figures {
  return {
    runs: 0,
    violations: 0,
    events: 0,
    virtualMs: 0,
    faults: {},
    transactions: {},
    verbs: {},
  };
}

/** Adds the figures of some runs to those of others. */
export function addFigures(sum: Figures, other: Figures): void {
  sum.runs += other.runs;
  sum.violations += other.violations;
  sum.events += other.events;
  sum.virtualMs += other.virtualMs;
  addCounts(sum.faults, Object.entries(other.faults));
  addCounts(sum.transactions, Object.entries(other.transactions));
  addCounts(sum.verbs, Object.entries(other.verbs));
}

function addCounts(sum: Record<string, number>, counts: Iterable<readonly [string, number]>): void {
  for (const [name, count] of counts) sum[name] = (sum[name] ?? 0) + count;
}

/** Makes the runs, one after the other. */
export async function runCampaign(options: CampaignOptions): Promise<Figures> {
  const { seeds, hostCount, serviceCount, kinds, skipped = [], onRun = () => true } = options;
  const figures = noFigures();
  for (const seed of seeds) {
    const scenario = drawScenario({ seed, hostCount, serviceCount, kinds });
    const result = await runScenario(scenario, { skipped });
    figures.runs++;
    figures.events += result.events;
    figures.virtualMs += result.virtualMs;
    if (result.violation !== null) figures.violations++;
    addCounts(figures.faults, result.faults);
    addCounts(figures.transactions, result.transactions);
    addCounts(figures.verbs, result.verbs);
    if (!await onRun(scenario, result)) break;
  }
  return figures;
}
