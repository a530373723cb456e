/**
 * An operator's word about one host in a rollout: it is left out, or tries again.
 *
 * @module
 */

import { encodeEntry, type Slot } from "../entries.ts";
import type { FirstWave } from "../service_view.ts";
import { DEPLOY, slotsPath, wavePath } from "../tree.ts";
import { changeCounter } from "./counter.ts";
import type { Transaction } from "./operation.ts";
import { leaveStaging } from "./staging.ts";

/** What the decision about a host rests on. */
export interface HostWordView {
  /** Version of the admission counter. */
  readonly slotsVersion: number;
  /** Whether a record of the host stands. */
  readonly hasRecord: boolean;
}

/**
 * Leaves a host out: `slot` becomes the record of that, and the host's places in the staging queue go, in which it would hold
 * others up. Nothing happens if the wave, or any slot of the service, has changed since it was looked at: the host may
 * just have taken one.
 */
export function skipHost(
  { slotsVersion, hasRecord }: HostWordView,
  { service, slot, wave, places }: {
    readonly service: string;
    readonly slot: Slot;
    readonly wave: Pick<FirstWave, "node" | "znodeVersion">;
    /** The host's nodes in the staging queue. */
    readonly places: readonly string[];
  },
): Transaction {
  return [
    { op: "check", path: wavePath(wave.node), version: wave.znodeVersion },
    changeCounter(service, { slotsVersion }),
    {
      op: hasRecord ? "set" : "create",
      path: slotsPath(service, slot.host),
      data: encodeEntry(slot),
    },
    ...leaveStaging(service, places),
    tellFleet(),
  ];
}

/** Lets a host try again: the record goes that its switch has failed, or that it is left out. */
export function retryHost(
  { slotsVersion }: Pick<HostWordView, "slotsVersion">,
  { service, host }: { readonly service: string; readonly host: string },
): Transaction {
  return [
    changeCounter(service, { slotsVersion }),
    { op: "delete", path: slotsPath(service, host) },
    tellFleet(),
  ];
}

/** Has the fleet look again, as after any other word to it: the host itself, and who ends the wave. */
function tellFleet(): Transaction[number] {
  return { op: "set", path: DEPLOY, data: new Uint8Array(0) };
}
