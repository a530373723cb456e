/**
 * Giving a slot back that no switch needs, or the record of a failure that is over.
 *
 * @module
 */

import type { Slot } from "../entries.ts";
import type { CensusReading } from "../reading/census_reading.ts";
import { isHeld, isSameSlot } from "../slot.ts";
import { servicePath, slotsPath } from "../tree.ts";
import { changeCounter } from "./counter.ts";
import type { Transaction } from "./operation.ts";

/**
 * Removes the slot that a host holds, or its record. A late request finds the counter moved on.
 *
 * A record goes since nobody wants its version any more. Where a wave ends while it is read, that seems so: the wave is gone,
 * and the entry of the service, read before, does not say yet that its version is the fleet's. So that entry has to stand.
 *
 * @returns `null` if it is gone, or is another one by now: there is nothing to do.
 */
export function giveSlotBack(
  { census, service: entry }: Pick<CensusReading, "census" | "service">,
  { service, slot }: { readonly service: string; readonly slot: Slot },
): Transaction | null {
  const standing = census.slots.get(slot.host)?.slot;
  if (standing === undefined || !isSameSlot(standing, slot)) return null;
  return [
    ...(isHeld(standing)
      ? []
      : [{ op: "check", path: servicePath(service), version: entry?.znodeVersion ?? 0 } as const]),
    changeCounter(service, census),
    { op: "delete", path: slotsPath(service, slot.host) },
  ];
}
