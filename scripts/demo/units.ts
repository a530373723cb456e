/**
 * Sizes and times as the demo reads and shows them. Pure.
 *
 * @module
 */

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;
const FACTORS: Readonly<Record<string, number>> = {
  "": 1,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
};

/** Reads `24M`, `24MiB`, `1.5G` or plain bytes; `null` when the text is no size. Units are powers of 1024. */
export function parseSizeBytes(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/i.exec(text.trim());
  const factor = FACTORS[match?.[2]?.toUpperCase() ?? "none"];
  if (match === null || factor === undefined) return null;
  const sizeBytes = Math.round(Number(match[1]) * factor);
  return Number.isSafeInteger(sizeBytes) ? sizeBytes : null;
}

/** A size with three digits at most before the unit: `0 B`, `24.0 MiB`, `1.5 GiB`. */
export function formatBytes(sizeBytes: number): string {
  let value = sizeBytes;
  let unit = 0;
  // 1023.95 would be shown as 1024.0.
  while (value >= 1023.95 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? `${Math.round(value)} B` : `${value.toFixed(1)} ${UNITS[unit]}`;
}

/** A span of time: `40 ms`, `12.3 s`, `2 min 5 s`. */
export function formatSpan(durationMs: number): string {
  if (durationMs < 999.5) return `${Math.round(durationMs)} ms`;
  if (durationMs < 59_950) return `${(durationMs / 1000).toFixed(1)} s`;
  const seconds = Math.round(durationMs / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** How many times the least possible; `null` when nothing had to move. */
export function ratio(bytes: number, optimumBytes: number): number | null {
  return optimumBytes === 0 ? null : Math.round((bytes / optimumBytes) * 100) / 100;
}
