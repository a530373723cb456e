/**
 * Text in columns, without rules between them. Pure.
 *
 * @module
 */

import Table from "cli-table3";

/** A column: its heading and its width in characters. */
export interface Column {
  readonly head: string;
  readonly width: number;
  readonly align?: "left" | "right";
}

/** The space between two columns. */
export const GAP = "  ";

const NO_LINES = {
  "top": "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  "bottom": "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  "left": " ",
  "left-mid": "",
  "mid": "",
  "mid-mid": "",
  "right": "",
  "right-mid": "",
  "middle": GAP,
};

/** Lays cells out in columns. A text that does not fit is cut and ends in `…`, so that no line is longer than the widths and gaps together. */
export function layOutColumns(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string[] {
  const table = new Table({
    chars: NO_LINES,
    colWidths: columns.map(({ width }) => width),
    colAligns: columns.map(({ align }) => align ?? "left"),
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [], compact: true },
  });
  table.push(columns.map(({ head }) => head), ...rows.map((row) => [...row]));
  return table.toString().split("\n").map((line) => line.trimEnd());
}
