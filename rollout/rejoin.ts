/**
 * Which version a host starts that was away: the most popular one, with the cases in which popularity alone is wrong.
 *
 * @module
 */

import type { Census } from "./census.ts";
import type { Service } from "./entries.ts";
import { listNames } from "./name_list.ts";
import { isSameRelease, type ReleaseIdentity } from "./release_identity.ts";
import type { ServiceView } from "./service_view.ts";

/** The release to run, and why; its version is `null` when there is none. */
export interface Rejoin extends ReleaseIdentity {
  readonly reason: string;
}

/**
 * Decides which version a host runs that comes back (invariant I8).
 *
 * The most popular version among the other hosts that serve wins, if it is the committed one, or if more than half of the
 * roster serves it and control is `running`: what a wave has not finished yet must not spread past the wave and its quorum,
 * because the few hosts that have it happen to be those that are online. Else it is the committed version. A withdrawn
 * version is never chosen, however many hosts still run it. Hosts that have other content under the same version vote for
 * another release.
 */
export function decideRejoin(
  host: string,
  service: Service,
  view: Pick<ServiceView, "current" | "roster" | "control">,
): Rejoin {
  const { current, roster, control } = view;
  const votes = countVotes(
    [...current.values()].filter((entry) =>
      entry.host !== host && entry.state === "serving" && entry.version !== null &&
      !service.withdrawn.includes(entry.version)
    ),
  );
  let mostVotes = 0;
  for (const { count } of votes) mostVotes = Math.max(mostVotes, count);
  const leaders = votes.filter(({ count }) => count === mostVotes);
  const [first] = leaders;
  const leader = first?.version;
  const isCommitted = first !== undefined && service.committed !== null &&
    isSameRelease(first, service.committed);
  const isRunning = control === null || control.state === "running";
  const isTaken = leaders.length === 1 &&
    (isCommitted || (isRunning && 2 * mostVotes > roster.length));
  if (first !== undefined && isTaken) {
    const serve = mostVotes === 1 ? "1 host serves" : `${mostVotes} hosts serve`;
    return {
      version: first.version,
      infoHash: isCommitted ? service.committed?.infoHash : first.infoHash,
      // What is started is started anew.
      ...(isCommitted ? { restart: service.committed?.restart } : {}),
      reason: `most popular: ${serve} ${leader}`,
    };
  }
  const why = leaders.length === 0
    ? "no other host serves"
    : leaders.length > 1
    ? `tie between ${describeTie(leaders.map(({ version }) => version).sort())}`
    : isRunning
    ? `${leader} is not committed, and ${mostVotes} of ${roster.length} hosts serve it`
    : `${leader} is not committed, and control is ${control?.state}`;
  return takeCommitted(service, why);
}

/** What the question of {@link areVotesNeeded} rests on. */
export interface VotesInput {
  readonly service: Service | null;
  readonly offer: ReleaseIdentity | null;
  readonly census: Pick<Census, "servingCount" | "rosterCount">;
}

/**
 * Whether what the others run has to be read one by one. No host outvotes the committed version but by one that is on offer, and
 * not where no more than half of the roster serves: then {@link decideRejoin} takes what is committed. After a power cut all
 * hosts come back at once, and if each read all others that would be the square of their number.
 */
export function areVotesNeeded(
  { service, offer, census: { servingCount, rosterCount } }: VotesInput,
): boolean {
  const committed = service?.committed ?? null;
  if (offer === null || committed !== null && isSameRelease(offer, committed)) return false;
  return 2 * servingCount > rosterCount;
}

/** Decides as {@link decideRejoin}, where it makes no difference what the others run. */
export function decideRejoinByCount(
  service: Service,
  { servingCount, rosterCount }: Pick<Census, "servingCount" | "rosterCount">,
): Rejoin {
  if (2 * servingCount > rosterCount) return takeCommitted(service, "nothing else is on offer");
  return takeCommitted(
    service,
    servingCount === 0
      ? "no other host serves"
      : `no more than ${servingCount} of ${rosterCount} hosts serve another`,
  );
}

function takeCommitted({ committed, withdrawn }: Service, why: string): Rejoin {
  if (committed === null) return { version: null, reason: "no version is committed yet" };
  const { version, infoHash, restart } = committed;
  return withdrawn.includes(version)
    ? { version: null, reason: `the committed version ${version} was withdrawn` }
    : { version, infoHash, restart, reason: `${why}: the committed version ${version}` };
}

/** A release that hosts serve, and how many do. */
interface Votes extends ReleaseIdentity {
  readonly version: string;
  count: number;
}

/** Counts the hosts by release. One that does not say which content it has counts for each of its version. */
function countVotes(entries: readonly ReleaseIdentity[]): Votes[] {
  const releases = new Map<string, Votes>();
  const unknown = new Map<string, number>();
  for (const { version, infoHash } of entries) {
    if (version === null) continue;
    if (infoHash === undefined) {
      unknown.set(version, (unknown.get(version) ?? 0) + 1);
      continue;
    }
    const key = `${version} ${infoHash}`;
    const votes = releases.get(key) ?? { version, infoHash, count: 0 };
    votes.count++;
    releases.set(key, votes);
  }
  for (const [version, count] of unknown) {
    const ofVersion = [...releases.values()].filter((votes) => votes.version === version);
    for (const votes of ofVersion) votes.count += count;
    if (ofVersion.length === 0) releases.set(version, { version, count });
  }
  return [...releases.values()];
}

function describeTie(versions: readonly string[]): string {
  return versions.length === 2 ? versions.join(" and ") : listNames(versions);
}
