/** What the benchmarks share for their reports: the format of a result, the median of many values, tables in Markdown. */

/** The result of one case. */
export interface Row {
  readonly case: string;
  readonly unit: string;
  readonly ours: number;
  readonly peers: Readonly<Record<string, number>>;
  /** Our value compared with the best of the others; more than 1 is better for us. */
  readonly ratio: number;
}

/** The median; of an even number of values, the mean of the middle two; NaN of none. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The quantile: the value below which that share of the values lies, interpolated. */
function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = part * (sorted.length - 1);
  const lower = sorted[Math.floor(place)] ?? NaN;
  const upper = sorted[Math.ceil(place)] ?? NaN;
  return lower + (upper - lower) * (place - Math.floor(place));
}

/** `46,200,000 ±3%`: the median, and half the distance between the quartiles. */
export function withSpread(values: readonly number[]): string {
  const middle = median(values);
  const spread = (quantile(values, 0.75) - quantile(values, 0.25)) / 2 / middle;
  return `${inDigits(middle)} ±${Math.round(spread * 100)}%`;
}

/** A number with three significant digits: what was measured is no more exact. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** Tells on stderr how far a benchmark is: stdout is for its results. */
export function progress(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
}

/** A number with three significant digits and separated thousands. */
export function inDigits(value: number): string {
  return value.toLocaleString("en", { maximumSignificantDigits: 3 });
}

/** A Markdown table whose columns are aligned in the source as well. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, 3, ...rows.map((row) => row[column]?.length ?? 0))
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text, column) => text.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [
    line(head),
    `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`,
    ...rows.map(line),
  ].join("\n");
}
