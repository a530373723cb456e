/**
 * Giving a slot back that no switch needs, or the record of a failure that is over.
 *
 * @module
 */

import { isSameSlot, type ServiceView } from "../admission.ts";
import type { Slot } from "../entries.ts";
import { slotsPath } from "../tree.ts";
import { changeCounter } from "./counter.ts";
import type { Transaction } from "./operation.ts";

/**
 * Removes the slot that a host holds. A late request finds the counter moved on.
 *
 * @returns `null` if it is gone, or is another one by now: there is nothing to do.
 */
export function giveSlotBack(
  view: Pick<ServiceView, "slots" | "slotsVersion">,
  { service, slot }: { readonly service: string; readonly slot: Slot },
): Transaction | null {
  const standing = view.slots.get(slot.host);
  if (standing === undefined || !isSameSlot(standing, slot)) return null;
  return [
    changeCounter(service, view),
    { op: "delete", path: slotsPath(service, slot.host) },
  ];
}
