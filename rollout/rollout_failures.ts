/**
 * The failures of a rollout on all of its services. A plan may say how many there may be (`maxFailures`), beside the budget that
 * each service has by its policy. Pure.
 *
 * @module
 */

import type { Control, Offer, Slot } from "./entries.ts";
import { isSameRelease, type ReleaseIdentity } from "./release_identity.ts";
import { isSkipped, slotTarget } from "./slot.ts";

/** What is read of another service. */
export interface OtherService {
  readonly service: string;
  /** The release on offer; `null` if there is none, or none that can be read. */
  readonly offer: Offer | null;
  /** Its slots: held ones, and records of failures. */
  readonly slots: readonly Slot[];
}

/** A host on which a release of the rollout has failed. */
export interface FailedHost {
  readonly service: string;
  readonly host: string;
}

/** What a host that reports a failure knows of the other services. */
export interface FailuresElsewhere {
  readonly failed: readonly FailedHost[];
  /**
   * Version of the node that every failure moves on which counts for a plan, so that of two at once each counts the other. It was
   * read before the slots. `null`: there is none yet.
   */
  readonly counterVersion: number | null;
}

/** Whether the failure of a release counts for the plan of the rollout that was started last. */
export function countsForPlan(
  { control, offer }: { readonly control: Control | null; readonly offer: Offer | null },
  release: ReleaseIdentity,
): boolean {
  return control?.maxFailures !== undefined && offer !== null &&
    offer.rollout === control.rollout && isSameRelease(offer, release);
}

/** The hosts of these services on which the release has failed that the rollout brings. Who was left out is not one. */
export function failuresOf(
  rollout: string | undefined,
  services: readonly OtherService[],
): FailedHost[] {
  return services.flatMap(({ service, offer, slots }) => {
    if (offer === null || offer.rollout !== rollout) return [];
    return slots.filter((slot) =>
      slot.step === "failed" && !isSkipped(slot) && isSameRelease(slotTarget(slot), offer)
    ).map(({ host }) => ({ service, host }));
  });
}
