/**
 * What a host waits for, in words for an operator. They name what is waited for, then, after a colon, the details of the
 * moment: `quorum: 5 of 8 hosts staged`. So a host whose details change has waited for the same thing since before. Pure.
 *
 * @module
 */

import type { Current } from "./entries.ts";

/** What a host waits for, without the details of the moment. */
export function topicOf(waitingFor: string): string {
  const [topic = ""] = waitingFor.split(/: | \(/, 1);
  return topic;
}

/** Since when a host waits whose words have changed, by its wall clock; `undefined`: it does not. */
export function waitingSince(
  before: Pick<Current, "waitingFor" | "waitingSinceMs">,
  waitingFor: string | null,
  nowMs: number,
): number | undefined {
  if (waitingFor === null) return undefined;
  const isSame = before.waitingFor !== null && topicOf(before.waitingFor) === topicOf(waitingFor);
  return isSame ? before.waitingSinceMs ?? nowMs : nowMs;
}
