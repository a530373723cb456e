/**
 * The report that a switch has succeeded.
 *
 * @module
 */

import { isHeld, isSameSlot, slotTarget } from "../admission.ts";
import { type Current, encodeEntry, type Slot } from "../entries.ts";
import type { ServiceReading } from "../reading/service_reading.ts";
import { isSameRelease } from "../release_identity.ts";
import { currentPath, slotsPath } from "../tree.ts";
import { changeCounter } from "./counter.ts";
import { checkEpoch } from "./host_entry.ts";
import type { Transaction } from "./operation.ts";
import { leaveStaging } from "./staging.ts";

/**
 * Gives the host's entry the version that it runs, and removes the host from the staging queue, its slot, and a record that
 * the same version had failed here. It may be made again after a lost reply: what is done is left out. The host's entry
 * must exist.
 */
export function reportSwitch(
  { view, stagingNodes }: Pick<ServiceReading, "view" | "stagingNodes">,
  { service, current, slot, epoch }: {
    readonly service: string;
    readonly current: Current;
    readonly slot: Slot;
    readonly epoch: number;
  },
): Transaction {
  const { host } = current;
  return [
    checkEpoch(service, { host, epoch }),
    // The host counts as serving from here on.
    changeCounter(service, view),
    { op: "set", path: currentPath(service, host), data: encodeEntry(current) },
    ...leaveStaging(service, placesOf(host, stagingNodes)),
    ...(isOver(view.slots.get(host), slot)
      ? [{ op: "delete", path: slotsPath(service, host) } as const]
      : []),
  ];
}

/** The nodes of a host in the staging queue. */
export function placesOf(host: string, nodes: ServiceReading["stagingNodes"]): string[] {
  return nodes.filter((place) => place.host === host).map(({ node }) => node);
}

/**
 * Whether the standing slot belongs to the switch that is reported. The record that another version failed here does not:
 * it keeps the host from trying that version again. Neither does a slot that the host took later.
 */
function isOver(standing: Slot | undefined, slot: Slot): boolean {
  if (standing === undefined) return false;
  if (!isSameRelease(slotTarget(standing), slotTarget(slot))) return false;
  return !isHeld(standing) || isSameSlot(standing, slot);
}
