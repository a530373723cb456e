/**
 * Which version a host starts that was away: the most popular one, with the cases in which popularity alone is wrong.
 *
 * @module
 */

import type { ServiceView } from "./admission.ts";
import type { Service } from "./entries.ts";
import { listNames } from "./name_list.ts";

/** The version to run, and why; `null` when there is none. */
export interface Rejoin {
  readonly version: string | null;
  readonly reason: string;
}

/**
 * Decides which version a host runs that comes back (invariant I8).
 *
 * The most popular version among the other hosts that serve wins, if it is the committed one, or if more than half of the
 * roster serves it and control is `running`: what a wave has not finished yet must not spread past the wave and its quorum,
 * because the few hosts that have it happen to be those that are online. Else it is the committed version. A withdrawn
 * version is never chosen, however many hosts still run it.
 */
export function decideRejoin(
  host: string,
  service: Service,
  view: Pick<ServiceView, "current" | "roster" | "control">,
): Rejoin {
  const { current, roster, control } = view;
  const votes = new Map<string, number>();
  for (const entry of current.values()) {
    if (entry.host === host || entry.state !== "serving" || entry.version === null) continue;
    if (service.withdrawn.includes(entry.version)) continue;
    votes.set(entry.version, (votes.get(entry.version) ?? 0) + 1);
  }
  let mostVotes = 0;
  for (const count of votes.values()) mostVotes = Math.max(mostVotes, count);
  const leaders = [...votes].filter(([, count]) => count === mostVotes).map(([version]) => version);
  const [leader] = leaders;
  const committed = service.committed?.version ?? null;
  const isRunning = control === null || control.state === "running";
  const isTaken = leaders.length === 1 &&
    (leader === committed || (isRunning && 2 * mostVotes > roster.length));
  if (leader !== undefined && isTaken) {
    const serve = mostVotes === 1 ? "1 host serves" : `${mostVotes} hosts serve`;
    return { version: leader, reason: `most popular: ${serve} ${leader}` };
  }
  if (committed === null) return { version: null, reason: "no version is committed yet" };
  if (service.withdrawn.includes(committed)) {
    return { version: null, reason: `the committed version ${committed} was withdrawn` };
  }
  const why = leaders.length === 0
    ? "no other host serves"
    : leaders.length > 1
    ? `tie between ${describeTie(leaders.sort())}`
    : isRunning
    ? `${leader} is not committed, and ${mostVotes} of ${roster.length} hosts serve it`
    : `${leader} is not committed, and control is ${control?.state}`;
  return { version: committed, reason: `${why}: the committed version ${committed}` };
}

function describeTie(versions: readonly string[]): string {
  return versions.length === 2 ? versions.join(" and ") : listNames(versions);
}
