/**
 * What a slot means.
 *
 * @module
 */

import type { Slot } from "./entries.ts";
import type { ReleaseIdentity } from "./release_identity.ts";

/** Whether a slot means that its host may be down; a failed slot is only a record. */
export function isHeld(slot: Slot | undefined): boolean {
  return slot !== undefined && slot.step !== "failed";
}

/** Whether both are the same slot at two moments, and not an earlier and a later slot of the host. */
export function isSameSlot(slot: Slot, other: Slot): boolean {
  return slot.host === other.host && slot.to === other.to && slot.sinceMs === other.sinceMs;
}

/** The release that a slot is for, or whose failure it records. */
export function slotTarget(slot: Slot): ReleaseIdentity {
  return { version: slot.to, infoHash: slot.infoHash };
}
