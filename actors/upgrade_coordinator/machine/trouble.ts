/**
 * What has happened to the release that a host runs, since that was well there. Pure.
 *
 * @module
 */

import type { ReleaseIdentity } from "../../../rollout/mod.ts";

/** A release that has crashed, or is unwell, after its switch. */
export interface Trouble {
  readonly release: ReleaseIdentity & { readonly version: string };
  /** What has happened, in an operator's words. */
  readonly reason: string;
  /** How long the host had run the release by then, as far as its agent knows, ms. */
  readonly ranMs: number;
}

/** What has happened, and when it counts. */
export interface SeenTrouble extends Omit<Trouble, "ranMs"> {
  /** When it happened, by the wall clock: it tells its record from an earlier one. */
  readonly sinceWallMs: number;
  /** The same on the monotonic clock. */
  readonly sinceMs: number;
  /** From when on it counts, on the monotonic clock: until then the release may come to itself. */
  readonly dueMs: number;
}

/** The trouble that counts by now; `null` if there is none. `ranSinceMs`: since when the release has run. */
export function troubleNow(
  trouble: SeenTrouble | null,
  { ranSinceMs, nowMs }: { readonly ranSinceMs: number; readonly nowMs: number },
): Trouble | null {
  if (trouble === null || nowMs < trouble.dueMs) return null;
  const { release, reason, sinceMs } = trouble;
  return { release, reason, ranMs: Math.max(0, sinceMs - ranSinceMs) };
}
