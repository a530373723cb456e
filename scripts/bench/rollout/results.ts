/**
 * The results of a run of the benchmark: rows for programs, tables for people.
 *
 * @module
 */

import { inDigits, median, rounded, type Row, table } from "../report.ts";
import type { Counts } from "./counts.ts";
import type { Outcome } from "./measure.ts";

/** The rounds of one contender with one size of fleet. */
export interface Case {
  readonly hostCount: number;
  readonly contender: string;
  /** Whether it ran in virtual time. */
  readonly isSimulated: boolean;
  readonly outcomes: readonly Outcome[];
  /** Why it did not complete; null if it did. */
  readonly failure: string | null;
}

/** The name of ours among the contenders. */
export const OURS = "ours";

const MS_PER_MINUTE = 60_000;

/** One thing that is measured. Less is better. */
interface Measure {
  readonly name: string;
  readonly unit: string;
  /** Whether it is a time that passes, which says nothing where the time is simulated. */
  readonly isTime?: true;
  readonly value: (outcome: Outcome, hostCount: number) => number;
}

function perHost(unit: string, count: (counts: Counts) => number): Measure {
  return {
    name: `${unit} per host and rollout`,
    unit,
    value: ({ rollout }, hostCount) => count(rollout) / hostCount,
  };
}

function perIdleHost(unit: string, count: (counts: Counts) => number): Measure {
  return {
    name: `${unit} per idle host and minute`,
    unit,
    value: ({ idle, idleMs }, hostCount) => count(idle) / hostCount * (MS_PER_MINUTE / idleMs),
  };
}

const bytesOf = ({ requestBytes, replyBytes }: Counts) => requestBytes + replyBytes;
const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const MEASURES: readonly Measure[] = [
  perHost("operations", ({ operations }) => operations),
  perHost("requests", ({ requests }) => requests),
  perHost("notifications", ({ notifications }) => notifications),
  perHost("bytes", bytesOf),
  {
    name: "from one host's stop to the next one's, beyond the restart, median",
    unit: "ms",
    isTime: true,
    value: ({ handoversMs }) => median(handoversMs),
  },
  {
    name: "from one host's stop to the next one's, beyond the restart, mean",
    unit: "ms",
    isTime: true,
    value: ({ handoversMs }) => mean(handoversMs),
  },
  perIdleHost("operations", ({ operations }) => operations),
  perIdleHost("bytes", bytesOf),
];

/** Cases of one size of fleet in one setting. */
interface Group {
  readonly title: string;
  readonly isSimulated: boolean;
  readonly cases: readonly Case[];
}

function groupsOf(cases: readonly Case[]): Group[] {
  return Object.values(Object.groupBy(cases, titleOf)).flatMap((group = []) => {
    const [first] = group;
    if (first === undefined) return [];
    return [{ title: titleOf(first), isSimulated: first.isSimulated, cases: group }];
  });
}

function titleOf({ hostCount, isSimulated }: Case): string {
  return `${inDigits(hostCount)} hosts${isSimulated ? ", simulated" : ""}`;
}

/** The median over the rounds; undefined if it was not measured. */
function valueOf({ outcomes, hostCount }: Case, measure: Measure): number | undefined {
  const values = outcomes.map((outcome) => measure.value(outcome, hostCount))
    .filter((value) => !Number.isNaN(value));
  return values.length === 0 ? undefined : rounded(median(values));
}

/**
 * The rows of all cases in which ours completed. Whoever else there is, is a peer; the peer of a simulated fleet is ours
 * with the smallest real one, since what does not depend on the number of hosts is the same there.
 */
export function toRows(cases: readonly Case[]): Row[] {
  const smallest = cases.filter((one) => one.contender === OURS && !one.isSimulated)
    .toSorted((a, b) => a.hostCount - b.hostCount)[0];
  return groupsOf(cases).flatMap(({ title, isSimulated, cases }) => {
    const ours = cases.find(({ contender }) => contender === OURS);
    const others = isSimulated
      ? smallest === undefined ? [] : [[`ours, ${titleOf(smallest)}`, smallest] as const]
      : cases.filter((one) => one !== ours).map((one) => [one.contender, one] as const);
    return MEASURES.flatMap((measure): Row[] => {
      const own = ours === undefined ? undefined : valueOf(ours, measure);
      if (own === undefined || (isSimulated && measure.isTime)) return [];
      const peers = Object.fromEntries(others.flatMap(([name, other]) => {
        const value = valueOf(other, measure);
        return value === undefined ? [] : [[name, value]];
      }));
      const ratio = ratioOf(own, Object.values(peers));
      return [{ case: `${title}: ${measure.name}`, unit: measure.unit, ours: own, peers, ratio }];
    });
  });
}

/** What did not complete, one message each. */
export function failuresOf(cases: readonly Case[]): string[] {
  return cases.flatMap((one) =>
    one.failure === null
      ? []
      : [`${titleOf(one)}, ${one.contender}: did not complete: ${one.failure}`]
  );
}

/**
 * One table: a line for what is measured, and a column for each size of fleet and contender. What was measured of none has
 * no line.
 */
export function toTable(cases: readonly Case[]): string {
  const columns = groupsOf(cases).flatMap(({ cases }) => cases);
  return table(
    ["", ...columns.map((one) => `${titleOf(one)}: ${one.contender}`)],
    MEASURES.filter(({ isTime }) => isTime !== true || columns.some((one) => !one.isSimulated)).map(
      (
        measure,
      ) => [
        measure.unit === "ms" ? `${measure.name}, ms` : measure.name,
        ...columns.map((one) => {
          if (one.failure !== null) return "did not complete";
          if (one.isSimulated && measure.isTime) return "";
          const value = valueOf(one, measure);
          return value === undefined ? "" : inDigits(value);
        }),
      ],
    ),
  );
}

/** How much less ours is than the best of the others. Where a contender has nothing at all, it counts as one. */
function ratioOf(ours: number, others: readonly number[]): number {
  if (others.length === 0) return NaN;
  const best = Math.min(...others);
  if (ours === best) return 1;
  return rounded(ours === 0 ? best : best / ours);
}
