/**
 * Sizes, times and words as commands show them on a terminal. Pure.
 *
 * @module
 */

import { stripVTControlCharacters } from "node:util";

/** Bytes in the largest unit that leaves at least one before the point; powers of 1024, as in the configs. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** A time span in words: `850 ms`, `12.3 s`, `4 min 05 s`, `2 h 10 min`. */
export function formatAge(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.max(0, Math.round(durationMs))} ms`;
  const seconds = durationMs / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(Math.floor(seconds % 60)).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** As much of a text as fits; what is cut off shows as `…`. */
export function cut(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, columns - 1)}…`;
}

/**
 * Lays parts out one after the other and begins a new line, indented, before one that does not fit any more; a part that
 * is wider than a whole line is cut.
 */
export function flow(
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
    // A cut would tear colours.
    line = margin + (size > free ? cut(stripVTControlCharacters(part), free) : part);
    used = stripVTControlCharacters(line).length;
  }
  if (line !== "") lines.push(line);
  return lines;
}

/** A text over several lines, all but the first indented by two; what does not fit into `maxLines` shows as `…`. */
export function wrapWords(
  text: string,
  { columns, maxLines }: { readonly columns: number; readonly maxLines: number },
): string[] {
  const lines = flow(text.split(" "), { columns, indent: 2, gap: " " });
  if (lines.length <= maxLines) return lines;
  const [last = "", next = ""] = lines.slice(maxLines - 1);
  // What comes next did not fit, so that this is cut.
  return [...lines.slice(0, maxLines - 1), cut(`${last} ${next.trimStart()}`, columns)];
}
