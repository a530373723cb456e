/**
 * Whether the rollout may go on after a failed switch. Pure. The caller marks the slot as failed, removes the host
 * from the staging queue and, if it must, halts the rollout, all in one `multi` that changes the admission counter at
 * the version in the view. Without the counter, of two hosts that fail at once each would count the other as healthy.
 *
 * @module
 */

import { listNames } from "./name_list.ts";
import { covers, failedHosts, type ServiceView } from "./admission.ts";
import { isSameRelease, type ReleaseIdentity } from "./release_identity.ts";

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
  view: ServiceView,
  failure: ReleaseIdentity & { readonly host: string; readonly service: string },
): Failure {
  const { host, service, version } = failure;
  const { wave } = view;
  const failed = new Set([...failedHosts(view, failure), host]);
  const failures = `${service} ${version} failed on ${listNames([...failed].sort())}`;
  const { maxFailures } = view.policy;
  if (failed.size > maxFailures) {
    return { halt: true, reason: `${failures}: the policy allows ${maxFailures}` };
  }
  if (wave === null || wave.service !== service || !isSameRelease(wave, failure)) {
    return { halt: false };
  }
  const isHopeless = view.roster.every((other) =>
    failed.has(other) || !view.current.has(other) || !covers(wave, other)
  );
  return isHopeless
    ? { halt: true, reason: `${failures}: no other host of the wave is online` }
    : { halt: false };
}
