/**
 * How long the waves of a plan take together: one after the other, or, where waves say after which services alone they go, at
 * the same time. Pure.
 *
 * @module
 */

import type { PlannedWave } from "./planned.ts";

/**
 * When the last wave ends, in milliseconds from the start.
 *
 * @param waves In the order of the plan, each with how long it takes once it is next.
 */
export function totalTimeMs(
  waves: readonly (Pick<PlannedWave, "service" | "after"> & { readonly takesMs: number })[],
): number {
  /** By service, when its last wave so far ends. */
  const ends = new Map<string, number>();
  for (const { service, after, takesMs } of waves) {
    const before = after === undefined
      ? [...ends.values()]
      : [...after, service].map((name) => ends.get(name) ?? 0);
    ends.set(service, Math.max(0, ...before) + takesMs);
  }
  return Math.max(0, ...ends.values());
}
