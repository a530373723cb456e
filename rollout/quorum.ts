/**
 * The quorum: how many hosts of a wave must have its version staged before the first one switches. Pure.
 *
 * @module
 */

import type { Census } from "./census.ts";
import { listNames } from "./name_list.ts";
import { quorumHosts } from "./policy.ts";

/** Why the quorum is not met, in words for an operator. */
export interface QuorumWait {
  readonly waitingFor: string;
  /** Whether it waits for hosts that are not known by name. */
  readonly isForUnnamed: boolean;
}

/** Most hosts that are named. */
const NAMED_MAX = 5;

/** Whether enough hosts of the first wave have its version staged, or run it already; if not (not `null`), who is missing. */
export function checkQuorum({ counts, policy, missingHosts }: Census): QuorumWait | null {
  if (counts === null) {
    return { waitingFor: "quorum: the hosts of the wave are not counted yet", isForUnnamed: false };
  }
  const { readyCount, coveredCount, quarantinedCount } = counts;
  // A share is one of those that take part: who is in quarantine goes along with no wave.
  const neededCount = quorumHosts(policy, Math.max(0, coveredCount - quarantinedCount));
  if (readyCount >= neededCount) return null;
  const isNamed = missingHosts !== null && missingHosts.length > 0;
  const missing = isNamed ? `; missing ${listNames(missingHosts, NAMED_MAX)}` : "";
  return {
    waitingFor: `quorum: ${readyCount} of ${neededCount} hosts staged${missing}`,
    isForUnnamed: missingHosts === null,
  };
}

/** Whether the quorum of the first wave is met. */
export function isQuorumMet(census: Census): boolean {
  return checkQuorum(census) === null;
}
