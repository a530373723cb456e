/**
 * Sizes as people read them.
 *
 * @module
 */

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** A size in the largest unit that leaves at least one before the point: `0 B`, `24.0 MiB`, `312 MiB`. Powers of 1024, as in the configs. */
export function formatBytes(sizeBytes: number): string {
  let value = sizeBytes;
  let unit = 0;
  // From 1023.5 on it would be rounded to 1024 of the smaller unit.
  while (value >= 1023.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${BYTE_UNITS[unit]}`;
}
