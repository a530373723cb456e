/**
 * Giving a slot back that no switch needs, or the record of a failure that is over.
 *
 * @module
 */

import type { Census } from "../census.ts";
import type { Slot } from "../entries.ts";
import { slotsPath } from "../tree.ts";
import { changeCounter } from "./counter.ts";
import type { Transaction } from "./operation.ts";
import { isSameSlot } from "../slot.ts";

/**
 * Removes the slot that a host holds. A late request finds the counter moved on.
 *
 * @returns `null` if it is gone, or is another one by now: there is nothing to do.
 */
export function giveSlotBack(
  census: Pick<Census, "slots" | "slotsVersion">,
  { service, slot }: { readonly service: string; readonly slot: Slot },
): Transaction | null {
  const standing = census.slots.get(slot.host)?.slot;
  if (standing === undefined || !isSameSlot(standing, slot)) return null;
  return [
    changeCounter(service, census),
    { op: "delete", path: slotsPath(service, slot.host) },
  ];
}
