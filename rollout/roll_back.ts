/**
 * What a rollback takes back, and in which order. Pure.
 *
 * @module
 */

import type { Census } from "./census.ts";
import type { Release, Rollout } from "./entries.ts";
import { isSameRelease, type ReleaseIdentity } from "./release_identity.ts";
import type { ServiceView } from "./service_view.ts";
import { slotTarget } from "./slot.ts";

/** One service that goes back. */
export interface RollBackStep {
  readonly service: string;
  /** The version that is taken back. */
  readonly version: string;
  /** The release that was committed before. */
  readonly before: Release;
}

/**
 * The services that go back, in the reverse order of the rollout: first those that depend on others. A service on which nothing
 * has begun has nothing to go back from, and one that had no version before has nothing to go back to: both stay as they are.
 *
 * @param hasBegun Whether hosts of the service may run its new version.
 */
export function planRollBack(
  { waves, before = {} }: Pick<Rollout, "waves" | "before">,
  hasBegun: (service: string) => boolean,
): RollBackStep[] {
  const steps = new Map<string, RollBackStep>();
  for (const { service, version } of waves) {
    const release = before[service];
    if (release === undefined || !hasBegun(service)) continue;
    // A service with several waves goes back at the place of its first one: before all that it depends on.
    if (!steps.has(service)) steps.set(service, { service, version, before: release });
  }
  return [...steps.values()].reverse();
}

/** Whether hosts of a service may run the release that a rollout brings: a wave is finished, or somebody runs it or switches. */
export function hasBegun(
  release: ReleaseIdentity,
  { record, service, view }: {
    readonly record: Pick<Rollout, "waves">;
    readonly service: string;
    readonly view: Pick<ServiceView, "current" | "slots">;
  },
): boolean {
  const isFinished = record.waves.some((wave) =>
    wave.service === service && wave.finishedMs !== null
  );
  return isFinished ||
    [...view.current.values()].some((entry) => isSameRelease(entry, release)) ||
    [...view.slots.values()].some((slot) =>
      slot.cause !== "preparation" && isSameRelease(slotTarget(slot), release)
    );
}

/**
 * Whether the rollout that is under way is to be rolled back by the hosts: its plan says so, and it is halted. The host that has
 * halted it does so at once; any other one if that is not done after a while, since the first may have died of it.
 */
export function isRollBackDue(
  { control, wave }: Pick<Census, "control" | "wave">,
  { host, hasHaltStood }: { readonly host: string; readonly hasHaltStood: boolean },
): boolean {
  if (control?.state !== "halted" || control.onFailure !== "rollback" || wave === null) {
    return false;
  }
  return control.by === host || hasHaltStood;
}
