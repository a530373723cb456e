/**
 * A table for a terminal, without lines between its cells. Pure.
 *
 * @module
 */

import { stripVTControlCharacters } from "node:util";
import Table from "cli-table3";

/** The space behind each column. */
const GAP_COLUMNS = 2;

/** The least width of a last column of words: in fewer columns they cannot be read. */
const MIN_WORDS_COLUMNS = 26;

/** How many of the terminal's columns are left for words behind the cells of these rows, the heading among them. */
export function columnsForWords(rows: readonly (readonly string[])[], columns: number): number {
  const count = Math.max(...rows.map((row) => row.length));
  const taken = Array.from({ length: count }, (_, column) => {
    const widths = rows.map((row) => stripVTControlCharacters(row[column] ?? "").length);
    return Math.max(...widths) + GAP_COLUMNS;
  }).reduce((sum, width) => sum + width, 0);
  return Math.max(MIN_WORDS_COLUMNS, columns - taken);
}

const NO_BORDERS = Object.fromEntries(
  [
    "top",
    "top-mid",
    "top-left",
    "top-right",
    "bottom",
    "bottom-mid",
    "bottom-left",
    "bottom-right",
    "left",
    "left-mid",
    "mid",
    "mid-mid",
    "right",
    "right-mid",
    "middle",
  ].map((place) => [place, ""]),
);

/** Lays rows out in columns that are as wide as their widest cell, below a heading. */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    head: [...head],
    style: {
      head: [],
      border: [],
      compact: true,
      "padding-left": 0,
      "padding-right": GAP_COLUMNS,
    },
    chars: NO_BORDERS,
  });
  for (const row of rows) table.push([...row]);
  // The table pads its last column as well, so that a full line would wrap.
  return table.toString().split("\n").map((line) => line.trimEnd()).join("\n");
}
