/**
 * Is the first wave over? Pure; the caller removes the wave in a `multi` that checks the admission counter, so that
 * nobody is admitted to a wave that is being removed, and control, so that nothing is committed once it is halted.
 *
 * @module
 */

import { covers, failedHosts, isHeld, type ServiceView } from "./admission.ts";

/** Whether the wave is over, or what it still waits for. */
export type Finish =
  | { readonly finished: true }
  | { readonly finished: false; readonly missing: readonly string[] };

/**
 * A wave is over when every host of it that is online serves its version and nobody holds a slot of the service. A host
 * whose switch failed, within what the policy allows, is left behind; an offline host catches up when it comes back. At
 * least one host must run the version: a fleet that is all offline has not finished anything.
 * While control is halted no wave ends, since the operator may still take the version back.
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
    // Whatever its entry says: it may still be the one from before the host went back.
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
