/** What came out: medians and spreads, as rows and as tables. */

import { type ContenderName, CONTENDERS } from "./contenders.ts";
import { median, type Row, table, withSpread } from "../report.ts";

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
    ...CONTENDERS.map((name) => withSpread((one.values.get(name) ?? []).map(({ rate }) => rate))),
    ...CONTENDERS.slice(1).map((name) =>
      `${(medianRate(one, "ours") / medianRate(one, name)).toPrecision(3)}×`
    ),
  ]);
  const costs = measured.map((one) => [
    one.name,
    ...CONTENDERS.map((name) =>
      withSpread((one.values.get(name) ?? []).map(({ cpuMicroseconds }) => cpuMicroseconds))
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
  return median((measured.values.get(name) ?? []).map(({ rate }) => rate));
}
