/**
 * What a slot means.
 *
 * @module
 */

import { type AgentIdentity, isOfSameMachine } from "./agent_identity.ts";
import type { Slot } from "./entries.ts";
import type { FailureCause } from "./failure_cause.ts";
import { isSameRelease, type ReleaseIdentity } from "./release_identity.ts";

/** Whether a slot means that its host may be down; a failed slot is only a record. */
export function isHeld(slot: Slot | undefined): boolean {
  return slot !== undefined && slot.step !== "failed";
}

/** Whether a slot is the record that an operator has left its host out of the rollout. */
export function isSkipped(slot: Slot): boolean {
  return !isHeld(slot) && slot.skipped !== undefined;
}

/**
 * Whether both are the same slot at two moments, and not an earlier and a later slot of the host, or that of another machine
 * under its name.
 */
export function isSameSlot(slot: Slot, other: Slot): boolean {
  return slot.host === other.host && slot.to === other.to && slot.sinceMs === other.sinceMs &&
    isOfSameMachine(slot, other);
}

/**
 * Whether a slot in the host's name is held by another machine: a clone, or one that had the name before. It may be down for
 * it, so the host neither uses the slot nor gives it back. `own`: the host's entry; nothing is known without one.
 */
export function isHeldElsewhere(slot: Slot, own: AgentIdentity | null): boolean {
  return isHeld(slot) && own !== null && !isOfSameMachine(slot, own);
}

/** What the slot is for of an entry that cannot be read: no version is called so. */
export const UNREADABLE = "(unreadable)";

/** Whether a slot stands for one that cannot be read. */
export function isUnreadable({ to }: Slot): boolean {
  return to === UNREADABLE;
}

/** What a host waits for whose slot is held by another machine; operators act by it. */
export function describeHeldElsewhere({ host, to, step }: Slot): string {
  return `another machine under the name ${host} holds its slot (${step}, to ${to}); when that machine is gone for good, ` +
    `${releaseAdvice(host)}`;
}

/** What an operator does about a slot whose machine is gone. */
export function releaseAdvice(host: string): string {
  return `free it with: rollcall hosts release-slot ${host}`;
}

/** The release that a slot is for, or whose failure it records. */
export function slotTarget(slot: Slot): ReleaseIdentity {
  return { version: slot.to, infoHash: slot.infoHash, restart: slot.restart };
}

/** Whether a slot is the record that this release has failed, in that way. */
export function isFailureOf(
  slot: Slot | undefined,
  { release, cause }: { readonly release: ReleaseIdentity; readonly cause: FailureCause },
): boolean {
  return slot !== undefined && !isHeld(slot) && (slot.cause ?? "switch") === cause &&
    isSameRelease(slotTarget(slot), release);
}
