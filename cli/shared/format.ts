/**
 * Sizes, times, counts and lines of text as commands show them on a terminal. Pure.
 *
 * @module
 */

import { stripVTControlCharacters } from "node:util";
import { formatBytes } from "../../base/size.ts";

export { formatBytes } from "../../base/size.ts";

/** A rate: `48.3 MiB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(Math.max(0, Math.round(bytesPerSecond)))}/s`;
}

/** A time span in words: `850 ms`, `12.3 s`, `4 min 05 s`, `2 h 10 min`. */
export function formatTimeSpan(durationMs: number): string {
  if (durationMs < 999.5) return `${Math.max(0, Math.round(durationMs))} ms`;
  if (durationMs < 59_950) return `${(durationMs / 1_000).toFixed(1)} s`;
  const seconds = Math.round(durationMs / 1_000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** A day in UTC: `2026-11-30`. All times that commands show are UTC, as in the logs of all machines. */
export function formatDay(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

/** A time of day in UTC: `14:03:07`. */
export function formatTimeOfDay(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 19);
}

/** A number of things: `1 peer`, `7 peers`. */
export function formatCount(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : nouns}`;
}

/** A bar of that many cells, filled up to a share from 0 to 1: `█████░░░░░`. */
export function renderBar(share: number, cells: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * cells);
  return "█".repeat(full) + "░".repeat(cells - full);
}

/** As much of a text as fits into the columns; a text that is cut off ends in `…`. */
export function cut(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`;
}

/**
 * Lays parts out one after the other, with `gap` between them, and begins a new line, indented, before a part that does not
 * fit any more. A part that is wider than a whole line is cut.
 */
export function layOut(
  parts: Iterable<string>,
  { columns, indent, gap }: {
    readonly columns: number;
    readonly indent: number;
    readonly gap: string;
  },
): string[] {
  const lines: string[] = [];
  let line = "";
  let used = 0;
  for (const part of parts) {
    const size = stripVTControlCharacters(part).length;
    if (line !== "" && used + stripVTControlCharacters(gap).length + size > columns) {
      lines.push(line);
      line = "";
    }
    const margin = line === "" ? " ".repeat(lines.length === 0 ? 0 : indent) : `${line}${gap}`;
    const free = columns - stripVTControlCharacters(margin).length;
    // A part that is cut loses its colours, since the cut could fall into their codes.
    line = margin + (size > free ? cut(stripVTControlCharacters(part), free) : part);
    used = stripVTControlCharacters(line).length;
  }
  if (line !== "") lines.push(line);
  return lines;
}

/** Wraps a text at its spaces; all lines but the first are indented by two, and what does not fit into `maxLines` shows as `…`. */
export function wrapWords(
  text: string,
  { columns, maxLines }: { readonly columns: number; readonly maxLines: number },
): string[] {
  const lines = layOut(text.split(" "), { columns, indent: 2, gap: " " });
  if (lines.length <= maxLines) return lines;
  const [last = "", next = ""] = lines.slice(maxLines - 1);
  // The next line did not fit beside the last one, so that the two together are always cut.
  return [...lines.slice(0, maxLines - 1), cut(`${last} ${next.trimStart()}`, columns)];
}

/**
 * Wraps each line of a message at its spaces, and leaves one as it is that has a word wider than the columns: nothing of a path or
 * an address is lost. Further lines are indented by two more than the line that they belong to.
 */
export function wrapLines(text: string, columns: number): string {
  return text.split("\n").flatMap((line) => {
    const margin = /^ */.exec(line)?.[0] ?? "";
    const words = line.slice(margin.length).split(" ");
    const free = columns - margin.length;
    if (line.length <= columns || words.some((word) => word.length > free - 2)) return [line];
    return layOut(words, { columns: free, indent: 2, gap: " " }).map((part) => margin + part);
  }).join("\n");
}
