/**
 * Taking a slot: the admission. It depends on all that `decideAdmission` rests on.
 *
 * @module
 */

import type { Census } from "../census.ts";
import { dependenciesFor } from "../dependencies.ts";
import { encodeEntry, type Slot } from "../entries.ts";
import { CONTROL, slotsPath, wavePath } from "../tree.ts";
import { changeCounter, checkDependencies } from "./counter.ts";
import type { Transaction } from "./operation.ts";
import { leaveStaging } from "./staging.ts";
import type { FirstWave } from "../service_view.ts";

/**
 * Takes a slot, if the control node, the wave (`null`: outside of any wave) and the service's admission counter stand as they
 * were read. It takes the place of one that the host holds from a switch that was dropped, so that there is no moment at
 * which the host is down without one.
 */
export function takeSlot(
  census: Pick<Census, "controlVersion" | "slots" | "slotsVersion" | "dependencies">,
  { service, slot, wave, opening = null, place }: {
    readonly service: string;
    readonly slot: Slot;
    readonly wave: FirstWave | null;
    /** The node by which the wave is marked as opened, if this host opens it. Default: it does not. */
    readonly opening?: string | null;
    /** The place in the staging queue that the host leaves by this; `null`: it keeps its place until its report. */
    readonly place: string | null;
  },
): Transaction {
  return [
    { op: "check", path: CONTROL, version: census.controlVersion },
    ...(wave === null
      ? []
      : [{ op: "check", path: wavePath(wave.node), version: wave.znodeVersion } as const]),
    changeCounter(service, census),
    ...checkDependencies(dependenciesFor(census, wave)),
    {
      op: census.slots.has(slot.host) ? "set" : "create",
      path: slotsPath(service, slot.host),
      data: encodeEntry(slot),
    },
    ...(opening === null
      ? []
      : [{ op: "set", path: opening, data: new Uint8Array(0), version: 0 } as const]),
    ...leaveStaging(service, place === null ? [] : [place]),
  ];
}
