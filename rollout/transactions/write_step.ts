/**
 * Showing in the slot which step its owner is about to take. Others and people read it; nothing is decided by it.
 *
 * @module
 */

import type { ServiceView } from "../admission.ts";
import { encodeEntry, type Slot } from "../entries.ts";
import { slotsPath } from "../tree.ts";
import type { Transaction } from "./operation.ts";

/**
 * Writes the step, if the slot is the one that was read. The node's own version does not tell a host's two slots apart,
 * since it begins at 0 with each; the service's admission counter does, because taking a slot moves it on. `version`: of
 * the slot's node.
 */
export function writeStep(
  { slotsVersion }: Pick<ServiceView, "slotsVersion">,
  { service, slot, version }: {
    readonly service: string;
    readonly slot: Slot;
    readonly version: number;
  },
): Transaction {
  return [
    { op: "check", path: slotsPath(service), version: slotsVersion },
    { op: "set", path: slotsPath(service, slot.host), data: encodeEntry(slot), version },
  ];
}
