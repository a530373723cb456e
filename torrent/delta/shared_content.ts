/** How much of a release a host that has an earlier one need not fetch, as far as the two .torrent files tell. */

import { readChunkMap, type Release } from "../release/mod.ts";
import { planReuse } from "./reuse_plan.ts";

/** Bytes of the wanted release that the earlier one is known to have: whole files, and parts if both have a map of their chunks. */
export function sharedBytes(wanted: Release, earlier: Release): number {
  const steps = planReuse(
    { release: wanted, chunks: readChunkMap(wanted) },
    [{ release: earlier, chunks: readChunkMap(earlier) }],
  );
  return steps.filter(({ isGuess }) => !isGuess).reduce((sum, step) => sum + step.sizeBytes, 0);
}
