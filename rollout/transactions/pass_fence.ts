/**
 * The step of a switch from draining to stopping.
 *
 * @module
 */

import { dependenciesFor } from "../dependencies.ts";
import { encodeEntry, type Slot } from "../entries.ts";
import type { CensusReading } from "../reading/census_reading.ts";
import { CONTROL, servicePath, slotsPath, wavePath } from "../tree.ts";
import { changeCounter, checkDependencies } from "./counter.ts";
import type { Transaction } from "./operation.ts";

/**
 * Writes the step, if everything that `decideFence` has looked at stands as it was read: control, the wave or (outside of
 * waves) the committed version, and the admission counter, which every change of a slot and of the roster moves on.
 *
 * @param slot The slot with its new step.
 * @returns `null` if the slot's wave is gone.
 */
export function passFence(
  { census, waves, service: entry }: Pick<CensusReading, "census" | "waves" | "service">,
  { service, slot }: { readonly service: string; readonly slot: Slot },
): Transaction | null {
  const wave = waves.find(({ node }) => node === slot.wave);
  if (slot.wave !== null && wave === undefined) return null;
  return [
    { op: "check", path: CONTROL, version: census.controlVersion },
    wave === undefined
      ? { op: "check", path: servicePath(service), version: entry?.znodeVersion ?? 0 }
      : { op: "check", path: wavePath(wave.node), version: wave.znodeVersion },
    changeCounter(service, census),
    ...checkDependencies(dependenciesFor(census, wave ?? null)),
    { op: "set", path: slotsPath(service, slot.host), data: encodeEntry(slot) },
  ];
}
