/** The results: rows in the form that the project's benchmarks share, and tables for the documentation. */

import type { Outcome } from "./measure.ts";
import { median, type Row, table } from "../report.ts";

/** One race with the outcomes of all contenders. */
export interface RaceResult {
  readonly title: string;
  /** What one connection carries over a link, and the lower bound that follows for the race. */
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

function round(value: number): number {
  return Number(value.toFixed(3));
}
