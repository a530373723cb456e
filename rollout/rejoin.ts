/**
 * Which version does a host start that was away? The most popular one, with the cases that popularity alone gets wrong.
 *
 * @module
 */

import type { Current, Service } from "./entries.ts";

/** The version to take, and why; `null` when the fleet has none yet. */
export interface Rejoin {
  readonly version: string | null;
  readonly reason: string;
}

/**
 * Decides what a host runs that comes back (invariant I8).
 *
 * Counted are the other hosts that serve. A tie, or nobody online (a power cut), is settled by the committed version. A
 * withdrawn version is never chosen, however many still run it.
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
  const mostVotes = Math.max(0, ...votes.values());
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
    : `tie between ${leaders.sort().join(" and ")}`;
  return { version: committed, reason: `${why}: the committed version ${committed}` };
}
