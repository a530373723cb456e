/**
 * Which version a host starts that was away: the most popular one, with the cases in which popularity alone is wrong.
 *
 * @module
 */

import { listNames } from "./name_list.ts";
import type { Current, Service } from "./entries.ts";

/** The version to run, and why; `null` when there is none. */
export interface Rejoin {
  readonly version: string | null;
  readonly reason: string;
}

/**
 * Decides which version a host runs that comes back (invariant I8).
 *
 * The most popular version among the other hosts that serve wins. In a tie, or if no other host serves (a power cut), it is
 * the committed version. A withdrawn version is never chosen, however many hosts still run it.
 */
export function decideRejoin(
  host: string,
  service: Service,
  current: ReadonlyMap<string, Current>,
): Rejoin {
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
  if (leader !== undefined && leaders.length === 1) {
    const serve = mostVotes === 1 ? "1 host serves" : `${mostVotes} hosts serve`;
    return { version: leader, reason: `most popular: ${serve} ${leader}` };
  }
  const committed = service.committed?.version ?? null;
  if (committed === null) return { version: null, reason: "no version is committed yet" };
  if (service.withdrawn.includes(committed)) {
    return { version: null, reason: `the committed version ${committed} was withdrawn` };
  }
  const why = leaders.length === 0
    ? "no other host serves"
    : `tie between ${describeTie(leaders.sort())}`;
  return { version: committed, reason: `${why}: the committed version ${committed}` };
}

function describeTie(versions: readonly string[]): string {
  return versions.length === 2 ? versions.join(" and ") : listNames(versions);
}
