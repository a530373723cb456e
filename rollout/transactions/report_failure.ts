/**
 * The report that a release has failed on a host: a switch, after which the old release is back, or what needs none.
 *
 * @module
 */

import { haltControl } from "../control.ts";
import { encodeEntry, SCHEMA_VERSION, type Slot } from "../entries.ts";
import { toCensus } from "../census.ts";
import { decideFailure } from "../failure.ts";
import type { FailuresElsewhere } from "../rollout_failures.ts";
import type { ServiceReading } from "../reading/service_reading.ts";
import { CONTROL, servicePath, slotsPath } from "../tree.ts";
import { bumpCounter, changeCounter, changeFailures } from "./counter.ts";
import { checkEpoch, type HostWrite, writeEntry } from "./host_entry.ts";
import type { Transaction, TreeOperation } from "./operation.ts";
import { recordEvent } from "./record_event.ts";
import type { SwitchRecord } from "./report_switch.ts";
import { leaveStaging } from "./staging.ts";
import { isSameRelease } from "../release_identity.ts";
import { isHeld, isSameSlot, isSkipped, isUnreadable, slotTarget } from "../slot.ts";

/** A failure, as the host reports it. */
export interface FailureReport extends HostWrite {
  /** The slot of the switch, or the record where there was none, with the reason. */
  readonly slot: Slot;
  /** What is told in the record of the rollout, which must be there. Default: nothing. */
  readonly record?: SwitchRecord | null;
  /** Now, milliseconds since the epoch: for the record of a halt. */
  readonly nowMs: number;
}

/**
 * Makes the slot the record of the failure, takes the host out of the queue, and halts the rollout if the policy allows no
 * more failures. It depends on the admission counter and moves it on, so that of two hosts that fail at once each counts the
 * other; and on the service's entry, since what one rollout has taken back the next one may bring again. Once it is halted there is nothing to count for, and it depends on the halt alone: should what a fleet depends on be
 * away, all of its hosts fail at once, and each would refuse all others. It may be made again after a lost reply: what is done
 * is left out.
 *
 * @returns The transaction, and whether the rollout is halted by this failure.
 */
export function reportFailure(
  { view, stagingNodes, waves, service: entryOfService }: Pick<
    ServiceReading,
    "view" | "stagingNodes" | "waves" | "service"
  >,
  failure: FailureReport & {
    readonly service: string;
    /** What has failed on the other services; `null`: the failure does not count for a plan. Default: `null`. */
    readonly elsewhere?: FailuresElsewhere | null;
  },
): { readonly operations: Transaction; readonly halts: boolean } {
  const { service, slot, epoch, nowMs, record = null, elsewhere = null } = failure;
  const { host } = slot;
  const inEpoch = checkEpoch(service, { host, epoch });
  const standing = view.slots.get(host);
  const isHalted = view.control?.state === "halted";
  const entry = writeEntry(service, failure);
  const leaving = leaveStaging(
    service,
    stagingNodes.filter((place) => place.host === host).map(({ node }) => node),
  );
  if (standing !== undefined && !isToBeRecorded(standing, slot)) {
    return { operations: [inEpoch, ...entry, ...leaving], halts: isHalted };
  }
  const decision = decideFailure(toCensus(view, host), {
    host,
    service,
    ...slotTarget(slot),
    cause: slot.cause,
    wave: slot.wave,
    waves,
    isWithdrawn: entryOfService?.entry.withdrawn.includes(slot.to) ?? false,
    elsewhere: elsewhere?.failed,
  });
  const halts = decision.halt && !isHalted;
  // Halting changes the version of the control node itself.
  const controlVersion = view.controlVersion + (halts ? 1 : 0);
  const failed = encodeEntry({ ...slot, step: "failed", controlVersion });
  const operations: TreeOperation[] = [
    inEpoch,
    ...(isHalted
      ? [
        { op: "check", path: CONTROL, version: view.controlVersion } as const,
        bumpCounter(service),
      ]
      : [
        changeCounter(service, view),
        ...(entryOfService === null ? [] : [checkService(service, entryOfService)]),
        ...(elsewhere === null ? [] : [changeFailures(elsewhere)]),
      ]),
    // An operator may have removed the slot; the failure must be recorded all the same.
    { op: standing === undefined ? "create" : "set", path: slotsPath(service, host), data: failed },
    ...entry,
    ...leaving,
    ...(record === null ? [] : [recordEvent(record.rollout, record.event)]),
  ];
  if (decision.halt && halts) {
    const control = haltControl(view.control, {
      by: host,
      reason: `${decision.reason} (${host}: ${slot.reason ?? "no reason given"})`,
      sinceMs: nowMs,
    });
    const version = view.controlVersion;
    operations.push({ op: "set", path: CONTROL, data: encodeEntry(control), version });
    if (record !== null) {
      const { reason } = control;
      const told = {
        schema: SCHEMA_VERSION,
        kind: "order",
        order: "halt",
        by: host,
        reason,
      } as const;
      operations.push(recordEvent(record.rollout, told));
    }
  }
  return { operations, halts };
}

/** Refuses a report that was decided on what the service's entry said before. */
function checkService(
  service: string,
  { znodeVersion }: NonNullable<ServiceReading["service"]>,
): TreeOperation {
  return { op: "check", path: servicePath(service), version: znodeVersion };
}

/**
 * Whether the standing slot becomes the record of this failure. The record of this very switch says that the report was made
 * before and its reply was lost: halting again would undo what an operator has decided since. So says a slot that the host
 * has taken later; and that of another machine under its name is not the host's to overwrite. One that cannot be read is the
 * slot of this switch, unless somebody shows another.
 */
function isToBeRecorded(standing: Slot, slot: Slot): boolean {
  const isOurs = isSameSlot(standing, slot);
  // An operator has decided about the host meanwhile.
  if (isSkipped(standing) && isSameRelease(slotTarget(standing), slotTarget(slot))) return false;
  return isHeld(standing) ? isOurs || isUnreadable(standing) : !isOurs;
}
