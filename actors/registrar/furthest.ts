/**
 * How far a host has come with its preparation for a wave. Who watches a wave from afar sees only that some host gets further,
 * so a preparation that begins anew again and again must not count. Pure.
 *
 * @module
 */

import type { CountedWave, Current } from "../../rollout/mod.ts";

/** The furthest that the preparation for a wave has come: phases that are over, and the share of the one that is under way. */
export interface Furthest {
  /** Under which name the hosts of the wave are counted; `null`: nothing was prepared for any. */
  readonly tally: string | null;
  readonly phases: number;
}

/** Nothing has been prepared. */
export const NOT_PREPARED: Furthest = { tally: null, phases: 0 };

/** The phases in which a host works, in order. What comes after them is counted by markers. */
const PHASES: readonly string[] = ["fetching", "verifying", "pinning"];

/** The furthest after what the entry says; the same object if it is no further than before. `waves`: those that cover the host. */
export function furthest(
  before: Furthest,
  { preparation }: Pick<Current, "preparation">,
  waves: readonly CountedWave[],
): Furthest {
  const tally = waves.find(({ version }) => version === preparation?.version)?.tally;
  const index = PHASES.indexOf(preparation?.phase ?? "");
  if (preparation === null || tally === undefined || index === -1) return before;
  const phases = index + preparation.progress;
  return tally === before.tally && phases <= before.phases ? before : { tally, phases };
}
