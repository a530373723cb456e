/**
 * Sizes as the demo's command line takes them. Pure.
 *
 * @module
 */

const FACTORS: Readonly<Record<string, number>> = {
  "": 1,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
};

/** Parses `24M`, `24MiB`, `1.5G` or plain bytes; `null` for anything else. Units are powers of 1024. */
export function parseSizeBytes(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/i.exec(text.trim());
  const factor = FACTORS[match?.[2]?.toUpperCase() ?? "none"];
  if (match === null || factor === undefined) return null;
  const sizeBytes = Math.round(Number(match[1]) * factor);
  return Number.isSafeInteger(sizeBytes) ? sizeBytes : null;
}
