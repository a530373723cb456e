/**
 * Whether the first wave is over. Pure. The caller removes the wave in a `multi` that checks the admission counter, so
 * that no host is admitted to a wave that is being removed, and the control node, so that a halted rollout commits
 * nothing.
 *
 * @module
 */

import type { Census, SlotHost } from "./census.ts";
import { budgetHosts } from "./policy.ts";
import { closedGate } from "./gate.ts";
import { countsAsServing } from "./quarantine.ts";
import { isSameRelease } from "./release_identity.ts";
import { failedHosts } from "./admission.ts";
import { covers } from "./service_view.ts";
import { isHeld, isSkipped } from "./slot.ts";

/** Whether the wave is over. `unknown`: only the names of its hosts tell whether those that lack its version are offline. */
export type Finish = "finished" | "going_on" | "unknown";

/**
 * Decides whether the first wave is over: when every host of it that is online serves its version, no slot of the service
 * is held, and no more hosts of it are offline than may be away (`maxUnavailable`). Those catch up when they come back. If
 * more were left out, a network that hides most of a fleet for a moment would let a minority commit the version. A host
 * whose switch failed, within what the policy allows, is not waited for, nor is one that an operator has left out. At least one
 * host must serve the version, unless all hosts of a wave for some were left out. While control is halted no wave finishes,
 * since the operator may still abort the rollout; nor does one whose gate is closed.
 *
 * The census must be that of the first wave's service.
 */
export function decideFinish(census: Census): Finish {
  const { wave, counts, control, policy } = census;
  if (wave === null || counts === null || control?.state === "halted") return "going_on";
  // Also where nobody is left to go: what the gate stands for has not happened yet.
  if (closedGate(wave) !== null) return "going_on";
  if ([...census.slots.values()].some(({ slot }) => isHeld(slot))) return "going_on";
  const failed = failedHosts(census, wave).filter(({ slot }) => covers(wave, slot.host));
  // One in quarantine is not among those that are counted as online.
  const failedOnlineCount =
    failed.filter(({ entry }) => entry !== null && entry.quarantined === undefined).length;
  const skippedCount = failed.filter(({ slot }) => isSkipped(slot)).length;
  if (failedOnlineCount > 0 && hasTooManyFailed(census, failed)) return "going_on";
  // The entry of a host that failed does not count: it may be from before the roll-back.
  const isDone = ({ entry }: (typeof failed)[number]) =>
    entry !== null && isSameRelease(entry, wave) && countsAsServing(entry);
  const doneCount = counts.doneCount - failed.filter(isDone).length;
  if (doneCount === 0) {
    // Somebody has decided that a canary is not to be waited for. A wave for all is left to nobody by that.
    const isLeftOut = wave.hosts !== null && skippedCount > 0 &&
      skippedCount === counts.coveredCount;
    return isLeftOut ? "finished" : "going_on";
  }
  const leftCount = counts.coveredCount - doneCount - failed.length;
  if (leftCount <= 0) return "finished";
  if (leftCount > budgetHosts(policy, census.rosterCount)) return "going_on";
  if (counts.onlineCount === null) return "unknown";
  return counts.onlineCount - failedOnlineCount > doneCount ? "going_on" : "finished";
}

/** Whether more hosts have failed than the policy, or the wave, leaves behind. */
function hasTooManyFailed({ wave, policy }: Census, failed: readonly SlotHost[]): boolean {
  const counted = failed.filter(({ slot }) => !isSkipped(slot));
  const inWave = counted.filter(({ slot }) => slot.wave === wave?.node);
  return counted.length > policy.maxFailures || inWave.length > (wave?.maxFailures ?? Infinity);
}

/**
 * Whether the first wave may be over once the host that is about to switch serves its version. If not, it need not look when it
 * has reported. Where hosts switch one at a time, no other one does meanwhile; else nothing is known.
 */
export function mayFinishNext(census: Census): boolean {
  const { wave, counts, policy } = census;
  if (wave === null || counts === null || policy.maxConcurrent !== 1) return true;
  const failedCount = failedHosts(census, wave)
    .filter(({ slot }) => covers(wave, slot.host)).length;
  const leftCount = counts.coveredCount - counts.doneCount - failedCount - 1;
  return leftCount <= budgetHosts(policy, census.rosterCount);
}
