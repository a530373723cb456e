/**
 * Whether the rollout may go on after a failure. Pure. The caller marks the slot as failed, removes the host
 * from the staging queue and, if it must, halts the rollout, all in one `multi` that changes the admission counter at
 * the version in the view. Without the counter, of two hosts that fail at once each would count the other as healthy.
 *
 * @module
 */

import type { FailureCause } from "./failure_cause.ts";
import { listNames } from "./name_list.ts";
import type { Census } from "./census.ts";
import type { FailedHost } from "./rollout_failures.ts";
import { isSameRelease, type ReleaseIdentity } from "./release_identity.ts";
import type { FirstWave } from "./service_view.ts";
import { failedHosts } from "./admission.ts";
import { isSkipped } from "./slot.ts";

/** Whether the control node must become `halted`, and why. */
export type Failure =
  | { readonly halt: false }
  | { readonly halt: true; readonly reason: string };

/**
 * Decides whether the failure of one more host halts the rollout. It does when more hosts have failed than the policy
 * allows, also of those that catch up outside of any wave: they switch without a quorum, so nothing else would stop a
 * version that fails on each of them. A host that only could not get the release ready counts where a wave waits for it. And it
 * does when no online host of the wave is left that could run the version, since
 * such a wave could never finish, and when more hosts have failed in one wave, or on all services of the rollout, than its plan
 * allows.
 */
export function decideFailure(
  census: Census,
  failure: ReleaseIdentity & {
    readonly host: string;
    readonly service: string;
    /** What has failed. Default: a switch. */
    readonly cause?: FailureCause | undefined;
    /** The node of the wave that it has failed in; default: `null`, outside of any. */
    readonly wave?: string | null;
    /** The waves of the service, which may fail before it is their turn. Default: the wave that is next alone. */
    readonly waves?: readonly Pick<FirstWave, "node" | "maxFailures">[];
    /** Whether its rollout was aborted or rolled back since. */
    readonly isWithdrawn?: boolean;
    /** The hosts that have failed on other services of the rollout, if its plan says how many may. Default: it does not. */
    readonly elsewhere?: readonly FailedHost[] | undefined;
  },
): Failure {
  const { host, service, version, elsewhere } = failure;
  // Nobody else will run it, and what is under way by now, such as the rollback, has nothing to do with it.
  if (failure.isWithdrawn === true) return { halt: false };
  // It takes nobody down, and nobody waits for it.
  if (failure.cause === "preparation" && (failure.wave ?? null) === null) return { halt: false };
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
  const { waves = wave === null ? [] : [wave] } = failure;
  const allowedInWave = waves.find(({ node }) => node === failure.wave)?.maxFailures ?? Infinity;
  const failedInWave = counted.filter(({ slot }) => slot.wave === failure.wave).length + 1;
  if (failedInWave > allowedInWave) {
    return { halt: true, reason: `${failures}: its wave allows ${allowedInWave}` };
  }
  const allowed = census.control?.maxFailures;
  const failedCount = failed.size + (elsewhere?.length ?? 0);
  if (elsewhere !== undefined && allowed !== undefined && failedCount > allowed) {
    const others = elsewhere.map((one) => `${one.service} on ${one.host}`);
    const besides = others.length === 0 ? "" : `, and before that ${listNames(others)}`;
    return { halt: true, reason: `${failures}${besides}: the plan allows ${allowed}` };
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
