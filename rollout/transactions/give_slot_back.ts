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
import { checkEpoch, type HostWrite, writeEntry } from "./host_entry.ts";
import type { Transaction } from "./operation.ts";

/**
 * Removes the slot that a host holds, or its record. A late request finds the counter moved on.
 *
 * A record goes since nobody wants its version any more. Where a wave ends while it is read, that seems so: the wave is gone,
 * and the entry of the service, read before, does not say yet that its version is the fleet's. So that entry has to stand.
 *
 * @param give.write The host's entry, with the markers that it has without the slot. It counts as ready while its slot or record
 * stands, whatever it has on its disk; so that marker goes in the same moment, and nobody switches since that host is ready
 * (invariant I3). `null`: it has what the slot is for, and its markers stay. Default: `null`.
 * @returns `null` if it is gone, or is another one by now: there is nothing to do.
 */
export function giveSlotBack(
  { census, service: entry }: Pick<CensusReading, "census" | "service">,
  { service, slot, write = null }: {
    readonly service: string;
    readonly slot: Slot;
    readonly write?: HostWrite | null;
  },
): Transaction | null {
  const standing = census.slots.get(slot.host)?.slot;
  if (standing === undefined || !isSameSlot(standing, slot)) return null;
  return [
    ...(isHeld(standing)
      ? []
      : [{ op: "check", path: servicePath(service), version: entry?.znodeVersion ?? 0 } as const]),
    ...(write === null ? [] : [
      checkEpoch(service, { host: slot.host, epoch: write.epoch }),
      ...writeEntry(service, write),
    ]),
    changeCounter(service, census),
    { op: "delete", path: slotsPath(service, slot.host) },
  ];
}
