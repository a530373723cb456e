/**
 * Whether the first wave is over. Pure. The caller removes the wave in a `multi` that checks the admission counter, so
 * that no host is admitted to a wave that is being removed, and the control node, so that a halted rollout commits
 * nothing.
 *
 * @module
 */

import { covers, failedHosts, isHeld, type ServiceView } from "./admission.ts";

/** Whether the wave is over; if not, the hosts that it waits for. */
export type Finish =
  | { readonly finished: true }
  | { readonly finished: false; readonly missing: readonly string[] };

/**
 * Decides whether the first wave is over: when every host of it that is online serves its version and no slot of the
 * service is held. A host whose switch failed, within what the policy allows, is not waited for; an offline host catches up
 * when it comes back. At least one host must serve the version: a wave whose hosts are all offline is not finished. While
 * control is halted no wave finishes, since the operator may still abort the rollout.
 *
 * The view must be that of the first wave's service.
 */
export function decideFinish(view: ServiceView): Finish {
  const { wave } = view;
  if (wave === null) return { finished: false, missing: [] };
  const holders = [...view.slots.values()].filter(isHeld).map((slot) => slot.host);
  const failed = new Set(failedHosts(view, wave.version));
  const mayLeaveBehind = failed.size <= view.policy.maxFailures;
  const behind = view.roster.filter((host) => {
    const entry = view.current.get(host);
    if (entry === undefined || !covers(wave, host)) return false;
    // Its entry does not count: it may be from before the roll-back.
    if (failed.has(host)) return !mayLeaveBehind;
    return entry.version !== wave.version || entry.state !== "serving";
  });
  const missing = [...new Set([...holders, ...behind])];
  if (view.control?.state === "halted") return { finished: false, missing };
  const isReached = [...view.current.values()].some((entry) =>
    entry.version === wave.version && entry.state === "serving" && covers(wave, entry.host)
  );
  return missing.length === 0 && isReached ? { finished: true } : { finished: false, missing };
}
