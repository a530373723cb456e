/**
 * How long a host has been trying to get a release ready, over all of its tries, and how far it has come. Pure. A large
 * download that moves is no failure; one that stands still, or begins anew again and again, is.
 *
 * @module
 */

import {
  formatDurationMs,
  type Policy,
  type Preparation,
  type ReleaseIdentity,
} from "../../../rollout/mod.ts";

/** The part of a preparation that makes progress. */
type Phase = Extract<Preparation["phase"], "fetching" | "verifying" | "pinning">;

/** The attempts to get a release ready. */
export interface Attempt {
  readonly release: ReleaseIdentity & { readonly version: string };
  /** When it was wanted first, on the monotonic clock. */
  readonly sinceMs: number;
  /** The same by the wall clock, for the record of a failure: it tells that record from an earlier one. */
  readonly sinceWallMs: number;
  /** When it came farther than ever before, on the monotonic clock. */
  readonly movedMs: number;
  /** How far each phase has come at most, 0 to 1; a phase that has not begun is not there. */
  readonly reached: Readonly<Partial<Record<Phase, number>>>;
  /** Tries that have moved and failed all the same, and may be made up for. */
  readonly failedCount: number;
  /** What it is doing. */
  readonly doing: string | null;
  /** Why the last try has failed, or stands still; `null` as long as nothing is wrong. */
  readonly problem: string | null;
}

/**
 * After so many tries that have moved and failed, the way back to where they had come counts as progress: damaged files are read
 * from the beginning then, which may take longer than a release may stand still.
 */
const FAILED_MAX = 1;

/** The first attempt. */
export function beginAttempt(
  release: Attempt["release"],
  { nowMs, wallMs }: { readonly nowMs: number; readonly wallMs: number },
): Attempt {
  const times = { sinceMs: nowMs, sinceWallMs: wallMs, movedMs: nowMs };
  return { release, ...times, reached: {}, failedCount: 0, doing: null, problem: null };
}

/**
 * Notes how far a phase is. Only a phase that gets farther than in the tries before is progress: content that is never right, or
 * pages that are never locked, would else look like it each time that the release is fetched again.
 */
export function noteProgress(
  attempt: Attempt,
  { phase, progress, problem: known = null, nowMs }: {
    readonly phase: Phase;
    readonly progress: number;
    /** Why it stands still. */
    readonly problem?: string | null;
    readonly nowMs: number;
  },
): Attempt {
  const doing = `${phase} at ${Math.floor(progress * 100)} %`;
  const farthest = attempt.reached[phase];
  const problem = known ?? attempt.problem;
  if (farthest !== undefined && progress <= farthest) return { ...attempt, doing, problem };
  const reached = { ...attempt.reached, [phase]: progress };
  return { ...attempt, reached, movedMs: nowMs, doing, problem: known };
}

/**
 * Notes why a try has failed. How far a phase is, is told now and then, so the next try may be seen a little farther in what this
 * one has been through as well: that is no progress.
 */
export function noteProblem(attempt: Attempt, problem: string): Attempt {
  const { reached, failedCount } = attempt;
  const isMadeUpFor = failedCount < FAILED_MAX && Object.keys(reached).length > 0;
  const beenThrough = Object.fromEntries(Object.keys(reached).map((phase) => [phase, 1]));
  return {
    ...attempt,
    reached: isMadeUpFor ? {} : beenThrough,
    failedCount: failedCount + (isMadeUpFor ? 1 : 0),
    problem,
    doing: null,
  };
}

/** When the host has failed to get the release ready, if nothing moves until then, on the monotonic clock. */
export function overdueMs(
  { sinceMs, movedMs }: Attempt,
  { stallMs, deadlineMs = Number.POSITIVE_INFINITY }: Policy["preparation"],
): number {
  return Math.min(movedMs + stallMs, sinceMs + deadlineMs);
}

/** Why the host has failed to get the release ready, in an operator's words; `null` while it may still try. */
export function describeOverdue(
  attempt: Attempt,
  { policy, nowMs }: { readonly policy: Policy["preparation"]; readonly nowMs: number },
): string | null {
  if (nowMs < overdueMs(attempt, policy)) return null;
  const { release: { version }, movedMs, doing, problem } = attempt;
  const { stallMs, deadlineMs = 0 } = policy;
  const what = nowMs >= movedMs + stallMs
    ? `no progress for ${formatDurationMs(stallMs)}`
    : `not ready after ${formatDurationMs(deadlineMs)}`;
  const details = [doing, problem].filter((text) => text !== null).join(": ");
  return `${version} cannot be prepared: ${what}${details === "" ? "" : ` (${details})`}`;
}
