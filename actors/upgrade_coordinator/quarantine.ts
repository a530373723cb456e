/**
 * What ends the quarantine of this host from outside: an operator, or that the version that flaps is rolled back. That the
 * service has come to rest is for the runner to say.
 *
 * @module
 */

import { type CensusReading, isQuarantineOutdated } from "../../rollout/mod.ts";
import { lookInQuarantine } from "./look.ts";
import type { Deps } from "./state.ts";

/** Has the tree looked at often enough for an operator who waits for the quarantine to end. */
export function lookAfterQuarantine({ census: { own } }: CensusReading, deps: Deps): void {
  if (own?.quarantined !== undefined) lookInQuarantine(deps);
}

/** Tells the runner that the quarantine is over, if the reading says so. */
export function endQuarantine(
  { service, census: { own }, isQuarantineLifted }: CensusReading,
  { options: { runner } }: Deps,
): void {
  const isOutdated = service !== null && isQuarantineOutdated(own, service.entry);
  if (!isQuarantineLifted && !isOutdated) return;
  const why = isOutdated ? `${own?.version} was rolled back` : "an operator says so";
  runner.tell({ type: "quarantine_lifted", why });
}
