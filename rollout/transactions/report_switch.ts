/**
 * The report that a switch has succeeded.
 *
 * @module
 */

import type { Slot } from "../entries.ts";
import { isSameRelease } from "../release_identity.ts";
import type { SwitchEvent } from "../rollout_event.ts";
import { slotsPath } from "../tree.ts";
import { bumpCounter } from "./counter.ts";
import { checkEpoch, type HostWrite, writeEntry } from "./host_entry.ts";
import type { Transaction, TreeOperation } from "./operation.ts";
import { recordEvent } from "./record_event.ts";
import { leaveStaging } from "./staging.ts";
import { isHeld, isSameSlot, slotTarget } from "../slot.ts";

/** What a host knows before it reports: by what it has done, or once more by what it has read. */
export interface ReportView {
  /** The host's slot; left out if there is none. */
  readonly slot?: Slot | undefined;
  /** Version of the slot's node, as it was read. Default: the slot is what the host has written itself in this epoch. */
  readonly slotZnodeVersion?: number | undefined;
  /** The host's nodes in the staging queue. */
  readonly places: readonly string[];
  /** Whether there is a record of the rollout, in which the switch is told. Default: there is. */
  readonly hasRecord?: boolean;
}

/** What is told of a switch in the record of a rollout. */
export interface SwitchRecord {
  /** The id of the rollout. */
  readonly rollout: string;
  readonly event: SwitchEvent;
}

/**
 * Gives the host's entry the version that it runs, and removes the host from the staging queue, its slot, and a record that
 * the same version had failed here. It may be made again after a lost reply: what is done is left out. The host's entry
 * must exist.
 *
 * It moves the admission counter on from wherever that stands. It decides nothing that another host could change, and after
 * a power cut of all it is made by every host at once: if it held on to the counter as it was read, each would refuse all
 * others.
 */
export function reportSwitch(
  { slot: standing, slotZnodeVersion, places, hasRecord = true }: ReportView,
  report: HostWrite & {
    readonly service: string;
    readonly slot: Slot;
    /** What is told in the record of the rollout. Default: nothing. */
    readonly record?: SwitchRecord | null;
  },
): Transaction {
  const { service, entry: { host }, slot, epoch, record = null } = report;
  const isEnded = isOver(standing, slot);
  return [
    checkEpoch(service, { host, epoch }),
    // The host counts as serving from here on.
    bumpCounter(service),
    ...writeEntry(service, report),
    ...leaveStaging(service, places),
    ...(isEnded ? [removeSlot(slotsPath(service, host), slotZnodeVersion)] : []),
    // A slot that is gone says that the report was made before: then it was told as well.
    ...(isEnded && hasRecord && record !== null ? [recordEvent(record.rollout, record.event)] : []),
  ];
}

function removeSlot(path: string, version: number | undefined): TreeOperation {
  return { op: "delete", path, ...(version === undefined ? {} : { version }) };
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
