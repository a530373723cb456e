/**
 * What a host keeps of the gate that it waits at.
 *
 * @module
 */

import type { FirstWave, GateWatch } from "../../rollout/mod.ts";

/** A stopwatch. Times without a note are of the monotonic clock, in ms. */
export interface GateStopwatch {
  /** The wave behind the gate. */
  readonly wave: FirstWave;
  /** Version of the control node: what was measured before a pause or a halt does not count. */
  readonly controlVersion: number;
  /** Since when the host has seen the wave next, with control running. */
  readonly seenAtMs: number;
  /** The same by the wall clock, for words. */
  readonly sinceMs: number;
  /** Since when the check has held; `null`: it has failed, or was not made. */
  heldAtMs: number | null;
  /** What the last check that failed has said; `null` if none has. */
  lastWords: string | null;
  /** Whether the check is made, or its next attempt is set. */
  isChecking: boolean;
}

/** What the stopwatch shows; `null` if there is none. */
export function readStopwatch(gate: GateStopwatch | null, nowMs: number): GateWatch | null {
  if (gate === null) return null;
  const { wave: { node }, seenAtMs, sinceMs, heldAtMs, lastWords } = gate;
  const heldMs = heldAtMs === null ? null : nowMs - heldAtMs;
  return { node, seenMs: nowMs - seenAtMs, sinceMs, heldMs, lastWords };
}
