/**
 * Durations as people write and read them: `500ms`, `30s`, `5m`, `2h`.
 *
 * @module
 */

/** Milliseconds per unit. */
export const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** Formats milliseconds in the largest unit that is exact: `90s`, `2m`. */
export function formatDurationMs(durationMs: number): string {
  for (const unit of ["h", "m", "s"] as const) {
    if (durationMs > 0 && durationMs % UNIT_MS[unit] === 0) {
      return `${durationMs / UNIT_MS[unit]}${unit}`;
    }
  }
  return `${durationMs}ms`;
}
