/** What came out: medians and spreads, as rows and as tables. */

import { type ContenderName, CONTENDERS } from "./contenders.ts";

/** One case. */
export interface Measured {
  readonly name: string;
  readonly values: ReadonlyMap<
    ContenderName,
    readonly { readonly rate: number; readonly cpuMicroseconds: number }[]
  >;
  /** Answers that were not right, of all contenders. */
  readonly wrong: number;
}

/** One case's outcome, in the form that the project's benchmarks share. */
export interface Row {
  readonly case: string;
  readonly unit: string;
  readonly ours: number;
  readonly peers: Readonly<Record<string, number>>;
  /** Ours against the best peer; more than 1 is better. */
  readonly ratio: number;
}

/** The rows of all cases. */
export function toRows(measured: readonly Measured[]): Row[] {
  return measured.map((one) => {
    const ours = medianRate(one, "ours");
    const peers = Object.fromEntries(
      CONTENDERS.filter((name) => name !== "ours").map((
        name,
      ) => [name, Math.round(medianRate(one, name))]),
    );
    return {
      case: one.name,
      unit: "announces/s",
      ours: Math.round(ours),
      peers,
      ratio: Number((ours / Math.max(...Object.values(peers))).toPrecision(3)),
    };
  });
}

/** The tables, as Markdown. */
export function toMarkdown(measured: readonly Measured[]): string {
  const rates = measured.map((one) => [
    one.name,
    ...CONTENDERS.map((name) => cell((one.values.get(name) ?? []).map(({ rate }) => rate))),
    ...CONTENDERS.slice(1).map((name) =>
      `${(medianRate(one, "ours") / medianRate(one, name)).toPrecision(3)}×`
    ),
  ]);
  const costs = measured.map((one) => [
    one.name,
    ...CONTENDERS.map((name) =>
      cell((one.values.get(name) ?? []).map(({ cpuMicroseconds }) => cpuMicroseconds))
    ),
  ]);
  return [
    "Announces per second:",
    table(["case", ...CONTENDERS, ...CONTENDERS.slice(1).map((name) => `against ${name}`)], rates),
    "Microseconds of the processor per announce:",
    table(["case", ...CONTENDERS], costs),
  ].join("\n\n");
}

function medianRate(measured: Measured, name: ContenderName): number {
  return quantile((measured.values.get(name) ?? []).map(({ rate }) => rate), 0.5);
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = part * (sorted.length - 1);
  const lower = sorted[Math.floor(place)] ?? NaN;
  const upper = sorted[Math.ceil(place)] ?? NaN;
  return lower + (upper - lower) * (place - Math.floor(place));
}

function cell(values: readonly number[]): string {
  const middle = quantile(values, 0.5);
  const spread = (quantile(values, 0.75) - quantile(values, 0.25)) / 2 / middle;
  const text = middle.toLocaleString("en", { maximumSignificantDigits: 3 });
  return `${text} ±${Math.round(spread * 100)}%`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `| --- | ${head.slice(1).map(() => "---:").join(" | ")} |`, ...rows.map(line)]
    .join("\n");
}
