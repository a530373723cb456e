/**
 * The results of a run of the benchmark: rows for programs, tables for people.
 *
 * @module
 */

import { inDigits, median, type Row, table } from "../report.ts";
import type { Counts } from "./counts.ts";
import type { Outcome } from "./measure.ts";

/** The rounds of one contender with one size of fleet. */
export interface Case {
  readonly hostCount: number;
  readonly contender: string;
  readonly outcomes: readonly Outcome[];
  /** Why it did not complete; null if it did. */
  readonly failure: string | null;
}

/** The name of ours among the contenders. */
const OURS = "ours";

const MS_PER_MINUTE = 60_000;

/** One thing that is measured. Less is better. */
interface Measure {
  readonly name: string;
  readonly unit: string;
  readonly value: (outcome: Outcome, hostCount: number) => number;
}

function perHost(name: string, unit: string, count: (counts: Counts) => number): Measure {
  return {
    name: `${name} per host and rollout`,
    unit,
    value: ({ rollout }, hostCount) => count(rollout) / hostCount,
  };
}

function idle(name: string, unit: string, count: (counts: Counts) => number): Measure {
  return {
    name: `${name} per idle host and minute`,
    unit,
    value: ({ idle, idleMs }, hostCount) => count(idle) / hostCount * (MS_PER_MINUTE / idleMs),
  };
}

const bytesOf = ({ requestBytes, replyBytes }: Counts) => requestBytes + replyBytes;

const MEASURES: readonly Measure[] = [
  perHost("operations", "operations", ({ operations }) => operations),
  perHost("requests", "requests", ({ requests }) => requests),
  perHost("notifications", "notifications", ({ notifications }) => notifications),
  perHost("bytes", "bytes", bytesOf),
  {
    name: "from one host's stop to the next one's, beyond the restart, median",
    unit: "ms",
    value: ({ handoversMs }) => median(handoversMs),
  },
  {
    name: "from one host's stop to the next one's, beyond the restart, mean",
    unit: "ms",
    value: ({ handoversMs }) =>
      handoversMs.reduce((sum, value) => sum + value, 0) / handoversMs.length,
  },
  idle("operations", "operations", ({ operations }) => operations),
  idle("bytes", "bytes", bytesOf),
];

/** The rows of all cases in which ours completed. */
export function toRows(cases: readonly Case[]): Row[] {
  return sizesOf(cases).flatMap((hostCount) => {
    const values = (contender: string, measure: Measure) =>
      cases.filter((one) => one.hostCount === hostCount && one.contender === contender)
        .flatMap(({ outcomes }) => outcomes.map((outcome) => measure.value(outcome, hostCount)))
        .filter((value) => !Number.isNaN(value));
    const peers = [...new Set(cases.map(({ contender }) => contender))]
      .filter((name) => name !== OURS);
    return MEASURES.flatMap((measure): Row[] => {
      const ours = values(OURS, measure);
      if (ours.length === 0) return [];
      const theirs = peers.map((name) => [name, values(name, measure)] as const)
        .filter(([, all]) => all.length > 0)
        .map(([name, all]) => [name, rounded(median(all))] as const);
      const own = rounded(median(ours));
      return [{
        case: `${hostCount} hosts: ${measure.name}`,
        unit: measure.unit,
        ours: own,
        peers: Object.fromEntries(theirs),
        ratio: ratioOf(own, theirs.map(([, value]) => value)),
      }];
    });
  });
}

/** What did not complete, one message each. */
export function failuresOf(cases: readonly Case[]): string[] {
  return cases.flatMap(({ hostCount, contender, failure }) =>
    failure === null ? [] : [`${hostCount} hosts, ${contender}: did not complete: ${failure}`]
  );
}

/** A table for each size of fleet. */
export function toTables(cases: readonly Case[]): string {
  const rows = toRows(cases);
  return sizesOf(cases).map((hostCount) => {
    const names = cases.filter((one) => one.hostCount === hostCount).map((one) => one.contender);
    const prefix = `${hostCount} hosts: `;
    const lines = rows.filter((row) => row.case.startsWith(prefix)).map((row) => [
      row.case.slice(prefix.length),
      row.unit,
      ...names.map((name) => {
        const value = name === OURS ? row.ours : row.peers[name];
        return value === undefined ? "did not complete" : inDigits(value);
      }),
    ]);
    const failures = failuresOf(cases).filter((text) => text.startsWith(`${hostCount} hosts, `));
    return [
      `${hostCount} hosts`,
      ...lines.length === 0 ? [] : [table(["", "unit", ...names], lines)],
      ...failures,
    ].join("\n\n");
  }).join("\n\n");
}

function sizesOf(cases: readonly Case[]): number[] {
  return [...new Set(cases.map(({ hostCount }) => hostCount))];
}

/** How much less ours is than the best of the others. Where a contender has nothing at all, it counts as one. */
function ratioOf(ours: number, others: readonly number[]): number {
  if (others.length === 0) return NaN;
  const best = Math.min(...others);
  if (ours === best) return 1;
  return rounded(ours === 0 ? best : best / ours);
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
