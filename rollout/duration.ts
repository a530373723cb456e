/**
 * Durations as people write them in plans, configs and options (`500ms`, `30s`, `5m`, `2h`), in milliseconds. The
 * command line uses the same functions.
 *
 * @module
 */

import { z } from "zod";
import { UNIT_MS } from "../base/duration.ts";

export { formatDurationMs } from "../base/duration.ts";

/**
 * The longest duration, in milliseconds: a year. Nothing here lasts longer, and more digits would no longer be exact.
 */
const DURATION_MAX_MS = 365 * 24 * UNIT_MS.h;

/**
 * Parses `500ms`, `30s`, `1.5m` or `2h` into milliseconds; `null` for any other text, and for more than a year (`8760h`).
 */
export function parseDurationMs(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim());
  if (match === null) return null;
  const [, amount, unit] = match;
  if (amount === undefined || unit === undefined) return null;
  const durationMs = Math.round(Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS]);
  return durationMs <= DURATION_MAX_MS ? durationMs : null;
}

/** Schema of a duration in a file that people write; the parsed value is in milliseconds. */
export const durationSchema: z.ZodType<number, string> = z.string({
  error: "expected a duration such as 500ms, 30s, 5m or 2h",
}).transform((text, context) => {
  const durationMs = parseDurationMs(text);
  if (durationMs !== null) return durationMs;
  context.addIssue({
    code: "custom",
    message: `expected a duration such as 500ms, 30s, 5m or 2h, was "${text}"`,
  });
  return z.NEVER;
});
