/**
 * Text in columns without lines around them, and bars. Pure.
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

/** Between two columns. */
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

/** Lays cells out in columns; what does not fit ends in `…`. No line is longer than the widths and gaps together. */
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

/** A bar of this many characters, filled up to a share from 0 to 1. */
export function drawBar(share: number, width: number): string {
  const filled = Math.floor(Math.min(1, Math.max(0, share)) * width);
  return "█".repeat(filled) + "░".repeat(width - filled);
}
