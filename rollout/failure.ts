/**
 * A switch has failed: may the rollout go on without that host? Pure; the caller marks its slot as failed, leaves the
 * staging queue and, if it must, halts the rollout, all in one `multi` that bumps the admission counter at the version
 * in the view. Without the counter two hosts that fail at once would each take the other for healthy.
 *
 * @module
 */

import { covers, failedHosts, type ServiceView } from "./admission.ts";

/** Whether control must go to `halted`, and why. */
export type Failure =
  | { readonly halt: false }
  | { readonly halt: true; readonly reason: string };

/**
 * Decides whether the failure of one more host halts the rollout: when more hosts failed than the policy allows, or when
 * no online host of the wave is left that could run the version, since such a wave could never be finished. A host that
 * failed to catch up, outside of the first wave, is left behind with its reason and holds nobody else up.
 */
export function decideFailure(
  view: ServiceView,
  failure: { readonly host: string; readonly service: string; readonly version: string },
): Failure {
  const { host, service, version } = failure;
  const { wave } = view;
  if (wave === null || wave.service !== service || wave.version !== version) return { halt: false };
  const failed = new Set([...failedHosts(view, version), host]);
  const failures = `${service} ${version} failed on ${[...failed].sort().join(", ")}`;
  const { maxFailures } = view.policy;
  if (failed.size > maxFailures) {
    return { halt: true, reason: `${failures}: the policy allows ${maxFailures}` };
  }
  const isHopeless = view.roster.every((other) =>
    failed.has(other) || !view.current.has(other) || !covers(wave, other)
  );
  return isHopeless
    ? { halt: true, reason: `${failures}: no other host of the wave is online` }
    : { halt: false };
}
