/**
 * The goal of `--until`, at which seeding ends: a ratio or a time. Pure.
 *
 * @module
 */

import { InvalidArgumentError } from "@commander-js/extra-typings";
import { formatDurationMs, parseDurationMs } from "../../rollout/mod.ts";

/** When seeding ends. */
export type SeedGoal =
  /** When the bytes sent are that many times the release's size. */
  | { readonly kind: "ratio"; readonly ratio: number }
  /** When that much time has passed since seeding began. */
  | { readonly kind: "time"; readonly durationMs: number };

/** More copies than any fleet has hosts; a higher ratio is a typing mistake. */
const MAX_RATIO = 100_000;

/** Parses `2`, `1.5` (a ratio) or `30s`, `10m`, `2h` (a time). Throws commander's error for anything else. */
export function parseSeedGoal(text: string): SeedGoal {
  if (/^\d+(\.\d+)?$/.test(text)) {
    const ratio = Number(text);
    if (ratio <= MAX_RATIO) return { kind: "ratio", ratio };
  }
  const durationMs = parseDurationMs(text);
  if (durationMs !== null) return { kind: "time", durationMs };
  throw new InvalidArgumentError(
    `expected a ratio such as 2 or 1.5 (at most ${MAX_RATIO}), or a time such as 30s, 10m or 2h, was "${text}".`,
  );
}

/** Parses a duration for an option, in milliseconds; 0 needs no unit. Throws commander's error for anything else. */
export function parseDuration(text: string): number {
  const durationMs = text === "0" ? 0 : parseDurationMs(text);
  if (durationMs !== null) return durationMs;
  throw new InvalidArgumentError(`expected a time such as 30s, 5m or 2h, was "${text}".`);
}

/** In words: `until ratio 2`, `until 10m have passed`. */
export function describeSeedGoal(until: SeedGoal): string {
  return until.kind === "ratio"
    ? `until ratio ${until.ratio}`
    : `until ${formatDurationMs(until.durationMs)} have passed`;
}

/** Whether the goal is reached. A release without content has reached any ratio. */
export function isReached(
  until: SeedGoal,
  so: { readonly sentBytes: number; readonly totalBytes: number; readonly seedingMs: number },
): boolean {
  return until.kind === "ratio"
    ? so.sentBytes >= until.ratio * so.totalBytes
    : so.seedingMs >= until.durationMs;
}
