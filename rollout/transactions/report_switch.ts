/**
 * The report that a switch has succeeded.
 *
 * @module
 */

import type { Slot } from "../entries.ts";
import { isSameRelease } from "../release_identity.ts";
import { slotsPath } from "../tree.ts";
import { bumpCounter, changeCounter } from "./counter.ts";
import { checkEpoch, type HostWrite, writeEntry } from "./host_entry.ts";
import type { Transaction } from "./operation.ts";
import { leaveStaging } from "./staging.ts";
import { isHeld, isSameSlot, slotTarget } from "../slot.ts";

/** What a host knows before it reports: by what it has done, or once more by what it has read. */
export interface ReportView {
  /** Version of the admission counter; `null` if it was not read: nothing is decided by this report that rests on it. */
  readonly slotsVersion: number | null;
  /** The host's slot; left out if there is none. */
  readonly slot?: Slot | undefined;
  /** The host's nodes in the staging queue. */
  readonly places: readonly string[];
}

/**
 * Gives the host's entry the version that it runs, and removes the host from the staging queue, its slot, and a record that
 * the same version had failed here. It may be made again after a lost reply: what is done is left out. The host's entry
 * must exist.
 */
export function reportSwitch(
  { slotsVersion, slot: standing, places }: ReportView,
  report: HostWrite & { readonly service: string; readonly slot: Slot },
): Transaction {
  const { service, entry: { host }, slot, epoch } = report;
  return [
    checkEpoch(service, { host, epoch }),
    // The host counts as serving from here on.
    slotsVersion === null ? bumpCounter(service) : changeCounter(service, { slotsVersion }),
    ...writeEntry(service, report),
    ...leaveStaging(service, places),
    ...(isOver(standing, slot) ? [{ op: "delete", path: slotsPath(service, host) } as const] : []),
  ];
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
