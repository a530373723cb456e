/**
 * Taking a slot: the admission. It depends on all that `decideAdmission` rests on.
 *
 * @module
 */

import type { FirstWave, ServiceView } from "../admission.ts";
import { encodeEntry, type Slot } from "../entries.ts";
import { CONTROL, slotsPath, wavePath } from "../tree.ts";
import { changeCounter } from "./counter.ts";
import type { Transaction } from "./operation.ts";

/**
 * Takes a slot, if the control node, the wave (`null`: outside of any wave) and the service's admission counter stand as they
 * were read. It takes the place of one that the host holds from a switch that was dropped, so that there is no moment at
 * which the host is down without one.
 */
export function takeSlot(
  view: Pick<ServiceView, "controlVersion" | "slots" | "slotsVersion">,
  { service, slot, wave }: {
    readonly service: string;
    readonly slot: Slot;
    readonly wave: FirstWave | null;
  },
): Transaction {
  return [
    { op: "check", path: CONTROL, version: view.controlVersion },
    ...(wave === null
      ? []
      : [{ op: "check", path: wavePath(wave.node), version: wave.znodeVersion } as const]),
    changeCounter(service, view),
    {
      op: view.slots.has(slot.host) ? "set" : "create",
      path: slotsPath(service, slot.host),
      data: encodeEntry(slot),
    },
  ];
}
