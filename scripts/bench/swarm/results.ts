/** What came out: rows in the form that the project's benchmarks share, and the page in the documentation. */

import type { Outcome } from "./measure.ts";

/** One line of the result; a ratio above 1 means that ours is ahead of the best of the others. */
export interface Row {
  readonly case: string;
  readonly unit: string;
  readonly ours: number;
  readonly peers: Readonly<Record<string, number>>;
  readonly ratio: number;
}

/** One race with the outcomes of all its contenders. */
export interface RaceResult {
  readonly title: string;
  /** Of the network: what a link carries, and the time that nobody can be faster than. */
  readonly bytesPerSecond: number;
  readonly boundSeconds: number;
  readonly description: string;
  readonly outcomes: ReadonlyMap<string, readonly Outcome[]>;
}

const BOUND = "times the lower bound";
const SITES = "copies per extra site";
const RACKS = "copies per extra rack";

/** The measures, each from one outcome; less is better in all of them. */
const MEASURES: readonly {
  readonly name: string;
  readonly unit: string;
  readonly of: (outcome: Outcome, boundSeconds: number) => number;
}[] = [
  { name: "first host", unit: BOUND, of: ({ seconds }, bound) => (seconds[0] ?? NaN) / bound },
  { name: "median host", unit: BOUND, of: ({ seconds }, bound) => median(seconds) / bound },
  { name: "last host", unit: BOUND, of: ({ seconds }, bound) => (seconds.at(-1) ?? NaN) / bound },
  { name: "across sites", unit: SITES, of: ({ copiesPerExtraSite }) => copiesPerExtraSite },
  { name: "across racks", unit: RACKS, of: ({ copiesPerExtraRack }) => copiesPerExtraRack },
];

/** The rows of all races; the first contender is ours. */
export function toRows(races: readonly RaceResult[]): Row[] {
  return races.flatMap(({ title, boundSeconds, outcomes }) =>
    MEASURES.map(({ name, unit, of }): Row => {
      const values = [...outcomes].map(([contender, all]) =>
        [contender, round(median(all.map((outcome) => of(outcome, boundSeconds))))] as const
      );
      const [[, ours] = ["", NaN], ...peers] = values;
      return {
        case: `${title}: ${name}`,
        unit,
        ours,
        peers: Object.fromEntries(peers),
        ratio: round(Math.min(...peers.map(([, value]) => value)) / ours),
      };
    })
  );
}

/** The tables of all races. */
export function toMarkdown(races: readonly RaceResult[]): string {
  return races.map((race) => {
    const names = [...race.outcomes.keys()];
    const rows = toRows([race]).map((row) => [
      `${row.case.slice(race.title.length + 2)} (${row.unit})`,
      ...[row.ours, ...Object.values(row.peers)].map((value) => value.toFixed(2)),
      `${row.ratio.toFixed(2)}×`,
    ]);
    const idle = names.map((name) =>
      `${Math.round(100 * Math.min(...(race.outcomes.get(name) ?? []).map((one) => one.idle)))} %`
    );
    return [
      `## ${race.title}`,
      race.description,
      table(["", ...names, "against the best"], [...rows, [
        "processors idle, at least",
        ...idle,
        "",
      ]]),
    ].join("\n\n");
  }).join("\n\n");
}

/** The value in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? sorted[middle] ?? NaN
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

function round(value: number): number {
  return Number(value.toFixed(3));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, 3, ...rows.map((row) => row[column]?.length ?? 0))
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text, column) => text.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [
    line(head),
    `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`,
    ...rows.map(line),
  ]
    .join("\n");
}
