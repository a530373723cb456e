/**
 * Who may fetch across a border: per site and per rack a small number of gateways, so that little
 * more than one copy crosses. They are elected while the group holds no complete copy, kept while
 * they make progress, and replaced when they stall, fall silent or leave. Pure.
 */

import type { Group, Member, Members, Place } from "./members.ts";
import { rackKey } from "./members.ts";
import type { Policy } from "./policy.ts";

/** The gateways of one swarm. */
export interface Gateways {
  /** By the site's name. */
  readonly bySite: ReadonlyMap<string, readonly Member[]>;
  /** By `rackKey`. */
  readonly byRack: ReadonlyMap<string, readonly Member[]>;
}

/** Before anybody has come. */
export const noGateways: Gateways = { bySite: new Map(), byRack: new Map() };

/** What an election changed. */
export interface Election {
  readonly gateways: Gateways;
  /** Newly elected: their count of announces without progress begins anew. */
  readonly elected: readonly Member[];
  /** Replaced because they stalled: others go before them in the next election. */
  readonly demoted: readonly Member[];
}

/** What an election goes by. */
export interface ElectionOptions {
  readonly members: Members;
  readonly former: Gateways;
  readonly policy: Policy;
  readonly nowMs: number;
}

/** Whether it has missed its announces. */
export function isSilent(
  member: Member,
  options: { policy: Policy; nowMs: number },
): boolean {
  const silentMs = options.nowMs - member.lastSeenMs;
  return silentMs > member.intervalMs * options.policy.silentIntervals;
}

/** Elects the gateways of one site and of one rack in it: those that a change there can concern. */
export function electGateways(place: Place, options: ElectionOptions): Election {
  const { members, former, policy } = options;
  const site = electIn(members.site(place), {
    ...options,
    current: former.bySite.get(place.site) ?? [],
    wanted: policy.gatewaysPerSite,
    preferred: [],
  });
  const rackGroup = members.rack(place);
  const rack = electIn(rackGroup, {
    ...options,
    current: former.byRack.get(rackKey(place)) ?? [],
    wanted: policy.gatewaysPerRack,
    // What the site's gateway brings from outside must not cross into its own rack a second time.
    preferred: site.chosen.filter((member) => rackGroup.members.has(member)),
  });
  return {
    gateways: {
      bySite: replaced(former.bySite, place.site, site.chosen),
      byRack: replaced(former.byRack, rackKey(place), rack.chosen),
    },
    elected: [...new Set([...site.elected, ...rack.elected])],
    demoted: [...new Set([...site.demoted, ...rack.demoted])],
  };
}

interface GroupElection {
  readonly chosen: readonly Member[];
  readonly elected: readonly Member[];
  readonly demoted: readonly Member[];
}

function electIn(
  group: Group,
  options: ElectionOptions & {
    current: readonly Member[];
    wanted: number;
    preferred: readonly Member[];
  },
): GroupElection {
  const { policy, current, wanted, preferred } = options;
  if (group.members.size === 0 || holdsCopy(group, options)) {
    return { chosen: [], elected: [], demoted: [] };
  }
  const there = current.filter((member) =>
    group.members.has(member) && member.leftBytes > 0 && !isSilent(member, options)
  );
  const demoted = there.filter((member) =>
    member.announcesWithoutProgress >= policy.gatewayStallAnnounces
  );
  const kept = there.filter((member) => !demoted.includes(member));
  const chosen = [...new Set([...preferred, ...kept])].slice(0, wanted);
  if (chosen.length < wanted) {
    const candidates = [...group.members].filter((member) =>
      member.leftBytes > 0 && !chosen.includes(member) && !isSilent(member, options)
    );
    candidates.sort((left, right) =>
      rankDemoted(left, demoted) - rankDemoted(right, demoted) ||
      compareLeft(left, right) || left.arrival - right.arrival
    );
    chosen.push(...candidates.slice(0, wanted - chosen.length));
  }
  const elected = chosen.filter((member) => !kept.includes(member));
  return { chosen, elected, demoted };
}

function holdsCopy(group: Group, options: ElectionOptions): boolean {
  for (const seed of group.seeds) if (!isSilent(seed, options)) return true;
  return false;
}

function rankDemoted(member: Member, demotedNow: readonly Member[]): number {
  return member.demotions + (demotedNow.includes(member) ? 1 : 0);
}

function compareLeft(left: Member, right: Member): number {
  // Not a difference: two that did not say are both at infinity.
  if (left.leftBytes === right.leftBytes) return 0;
  return left.leftBytes < right.leftBytes ? -1 : 1;
}

function replaced(
  map: ReadonlyMap<string, readonly Member[]>,
  key: string,
  chosen: readonly Member[],
): ReadonlyMap<string, readonly Member[]> {
  const former = map.get(key) ?? [];
  const same = former.length === chosen.length && former.every((one, at) => one === chosen[at]);
  if (same) return map;
  const copy = new Map(map);
  if (chosen.length === 0) copy.delete(key);
  else copy.set(key, chosen);
  return copy;
}
