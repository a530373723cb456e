/** Turns the values of all rounds into rows and into the table of docs/benchmarks/transfer.md. */

import { type Row } from "../report.ts";

/** Values by case and contender. */
export class Values {
  readonly #values = new Map<string, Map<string, number[]>>();

  /** Adds the value of one round. */
  add(name: string, contender: string, value: number): void {
    const ofCase = this.#values.get(name) ?? new Map<string, number[]>();
    this.#values.set(name, ofCase);
    ofCase.set(contender, [...ofCase.get(contender) ?? [], value]);
  }

  /** The median; of an even number of values the lower of the middle two. */
  median(name: string, contender: string): number | undefined {
    const sorted = this.#sorted(name, contender);
    return sorted[Math.floor((sorted.length - 1) / 2)];
  }

  /** The least and the greatest value. */
  range(name: string, contender: string): readonly [number, number] | undefined {
    const sorted = this.#sorted(name, contender);
    const [least] = sorted;
    const most = sorted.at(-1);
    return least === undefined || most === undefined ? undefined : [least, most];
  }

  #sorted(name: string, contender: string): number[] {
    return [...this.#values.get(name)?.get(contender) ?? []].sort((a, b) => a - b);
  }
}

/** Which of our values is compared with which values of others. */
export interface Comparison {
  readonly case: string;
  readonly unit: string;
  readonly better: "more" | "less";
  /** Case and contender of the value that is ours. */
  readonly ours: readonly [string, string];
  /** Cases and contenders of the other values, by the names under which they are shown. */
  readonly peers: Readonly<Record<string, readonly [string, string]>>;
}

/** Makes the rows for which there are values. */
export function toRows(comparisons: readonly Comparison[], values: Values): Row[] {
  return comparisons.flatMap((comparison) => {
    const ours = values.median(...comparison.ours);
    const peers: Record<string, number> = {};
    for (const [name, key] of Object.entries(comparison.peers)) {
      const value = values.median(...key);
      if (value !== undefined) peers[name] = round(value);
    }
    const all = Object.values(peers);
    if (ours === undefined || all.length === 0) return [];
    const ratio = comparison.better === "more" ? ours / Math.max(...all) : Math.min(...all) / ours;
    return [{
      case: comparison.case,
      unit: comparison.unit,
      ours: round(ours),
      peers,
      ratio: Number(ratio.toFixed(2)),
    }];
  });
}

/** Makes a Markdown table of rows, with the range of each value. */
export function toMarkdown(
  rows: readonly Row[],
  comparisons: readonly Comparison[],
  values: Values,
): string {
  const lines = rows.map((row) => {
    const comparison = comparisons.find((one) => one.case === row.case);
    const show = (value: number, key: readonly [string, string] | undefined) => {
      const range = key === undefined ? undefined : values.range(...key);
      return range === undefined || range[0] === range[1]
        ? `${value}`
        : `${value} (${round(range[0])} to ${round(range[1])})`;
    };
    const peers = Object.entries(row.peers)
      .map(([name, value]) => `${name} ${show(value, comparison?.peers[name])}`).join("; ");
    return `| ${row.case} | ${row.unit} | **${
      show(row.ours, comparison?.ours)
    }** | ${peers} | ${row.ratio} |`;
  });
  return ["| case | unit | ours | others | ratio |", "| --- | --- | --- | --- | --- |", ...lines]
    .join("\n");
}

function round(value: number): number {
  return Number(value >= 100 ? value.toFixed(0) : value.toPrecision(3));
}
