/**
 * Whether the rollout may go on after a failed switch. Pure. The caller marks the slot as failed, removes the host
 * from the staging queue and, if it must, halts the rollout, all in one `multi` that changes the admission counter at
 * the version in the view. Without the counter, of two hosts that fail at once each would count the other as healthy.
 *
 * @module
 */

import { listNames } from "./name_list.ts";
import type { Census } from "./census.ts";
import { isSameRelease, type ReleaseIdentity } from "./release_identity.ts";
import { failedHosts } from "./admission.ts";
import { isSkipped } from "./slot.ts";

/** Whether the control node must become `halted`, and why. */
export type Failure =
  | { readonly halt: false }
  | { readonly halt: true; readonly reason: string };

/**
 * Decides whether the failure of one more host halts the rollout. It does when more hosts have failed than the policy
 * allows, also of those that catch up outside of any wave: they switch without a quorum, so nothing else would stop a
 * version that fails on each of them. And it does when no online host of the wave is left that could run the version, since
 * such a wave could never finish.
 */
export function decideFailure(
  census: Census,
  failure: ReleaseIdentity & { readonly host: string; readonly service: string },
): Failure {
  const { host, service, version } = failure;
  const { wave, counts } = census;
  const others = failedHosts(census, failure).filter(({ slot }) => slot.host !== host);
  // Who was left out has been decided about.
  const counted = others.filter(({ slot }) => !isSkipped(slot));
  const failed = new Set([...counted.map(({ slot }) => slot.host), host]);
  const failures = `${service} ${version} failed on ${listNames([...failed].sort())}`;
  const { maxFailures } = census.policy;
  if (failed.size > maxFailures) {
    return { halt: true, reason: `${failures}: the policy allows ${maxFailures}` };
  }
  if (wave === null || wave.service !== service || !isSameRelease(wave, failure)) {
    return { halt: false };
  }
  const failedOnlineCount =
    others.filter(({ entry }) => entry !== null && entry.quarantined === undefined).length +
    (census.own === null || census.own.quarantined !== undefined ? 0 : 1);
  const isHopeless = counts !== null && counts.onlineCount !== null &&
    counts.onlineCount <= failedOnlineCount;
  return isHopeless
    ? { halt: true, reason: `${failures}: no other host of the wave is online` }
    : { halt: false };
}
