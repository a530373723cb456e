/**
 * Whether the first wave is over. Pure. The caller removes the wave in a `multi` that checks the admission counter, so
 * that no host is admitted to a wave that is being removed, and the control node, so that a halted rollout commits
 * nothing.
 *
 * @module
 */

import { covers, failedHosts, isHeld, type ServiceView } from "./admission.ts";
import { budgetHosts } from "./policy.ts";
import { isSameRelease } from "./release_identity.ts";

/** Whether the wave is over; if not, the hosts that it waits for. */
export type Finish =
  | { readonly finished: true }
  | { readonly finished: false; readonly missing: readonly string[] };

/**
 * Decides whether the first wave is over: when every host of it that is online serves its version, no slot of the service
 * is held, and no more hosts of it are offline than may be away (`maxUnavailable`). Those catch up when they come back. If
 * more were left out, a network that hides most of a fleet for a moment would let a minority commit the version. A host
 * whose switch failed, within what the policy allows, is not waited for. At least one host must serve the version. While
 * control is halted no wave finishes, since the operator may still abort the rollout.
 *
 * The view must be that of the first wave's service.
 */
export function decideFinish(view: ServiceView): Finish {
  const { wave } = view;
  if (wave === null) return { finished: false, missing: [] };
  const holders = [...view.slots.values()].filter(isHeld).map((slot) => slot.host);
  const failed = new Set(failedHosts(view, wave));
  const mayLeaveBehind = failed.size <= view.policy.maxFailures;
  const behind = view.roster.filter((host) => {
    const entry = view.current.get(host);
    if (entry === undefined || !covers(wave, host)) return false;
    // Its entry does not count: it may be from before the roll-back.
    if (failed.has(host)) return !mayLeaveBehind;
    return !isSameRelease(entry, wave) || entry.state !== "serving";
  });
  const offline = view.roster.filter((host) =>
    covers(wave, host) && !view.current.has(host) && !failed.has(host)
  );
  const isTooManyOffline = offline.length > budgetHosts(view.policy, view.roster.length);
  const missing = [...new Set([...holders, ...behind, ...(isTooManyOffline ? offline : [])])];
  if (view.control?.state === "halted") return { finished: false, missing };
  const isReached = [...view.current.values()].some((entry) =>
    isSameRelease(entry, wave) && entry.state === "serving" && covers(wave, entry.host)
  );
  return missing.length === 0 && isReached ? { finished: true } : { finished: false, missing };
}
