/**
 * Which peers an announcing peer is given: its rack first, across a border only whom the traffic
 * needs there. Pure, so that it can be tested and simulated without a network.
 *
 * - Never itself, and never seeds to a seed.
 * - Who fetches gets its rack. The gateways of a rack get, besides, helpers in the site's other racks,
 *   those of a site also helpers in other sites.
 * - Who starves is treated as a gateway: first of its rack, then of its site.
 * - A seed gets whom it may help: its rack, the gateways of racks and sites that hold no copy.
 * - A peer whose place is unknown is outside of everyone.
 */

import { type Gateways, isSilent } from "./gateways.ts";
import type { Member, Members, Place } from "./members.ts";
import { rackKey, sameRack, sameSite } from "./members.ts";
import type { Policy } from "./policy.ts";
import { pickRandom, type Random } from "./random.ts";

/** How far across borders a peer is helped. */
export type Reach = "rack" | "site" | "everywhere";

/** What a choice goes by. */
export interface SelectionOptions {
  readonly members: Members;
  readonly gateways: Gateways;
  readonly policy: Policy;
  /** At most so many. */
  readonly wanted: number;
  readonly nowMs: number;
  readonly random: Random;
}

/** The answer to an announce. */
export interface Selection {
  readonly peers: readonly Member[];
  readonly intervalMs: number;
}

/** Chooses the peers for one member of the swarm, and when it is to announce again. */
export function selectPeers(asker: Member, options: SelectionOptions): Selection {
  const { policy, members, wanted } = options;
  if (asker.leftBytes === 0) {
    return {
      peers: selectForSeed(asker, options).slice(0, wanted),
      intervalMs: policy.seedIntervalMs,
    };
  }
  const reach = reachOf(asker, options);
  // Those across a border first: a large rack must not leave them out.
  const peers = [...across(asker, reach, options), ...inside(asker, options)].slice(0, wanted);
  const helpful = peers.filter((peer) => members.hasData(peer)).length;
  const content = reach === "rack" && helpful >= policy.enoughPeers &&
    asker.announcesWithoutProgress === 0;
  return {
    peers,
    intervalMs: content ? policy.leecherIntervalMs : policy.hungryIntervalMs,
  };
}

/** How far across borders a peer that fetches is helped now. */
export function reachOf(asker: Member, options: SelectionOptions): Reach {
  const { gateways, policy } = options;
  const { place } = asker;
  if (place === undefined) return "everywhere";
  if (gateways.bySite.get(place.site)?.includes(asker)) return "everywhere";
  const patience = hasHope(asker, place, options)
    ? policy.patientAnnounces
    : policy.starvingAnnounces;
  if (asker.announcesWithoutProgress >= 2 * patience) return "everywhere";
  if (asker.announcesWithoutProgress >= patience) return "site";
  return gateways.byRack.get(rackKey(place))?.includes(asker) ? "site" : "rack";
}

/** Whether somebody inside holds what it lacks, or is on the way to it. */
function hasHope(asker: Member, place: Place, options: SelectionOptions): boolean {
  const { members, gateways, policy } = options;
  const stillMoving = (member: Member) =>
    member !== asker && !isSilent(member, options) &&
    member.announcesWithoutProgress < policy.gatewayStallAnnounces;
  const suppliers = [
    ...(gateways.byRack.get(rackKey(place)) ?? []),
    ...(gateways.bySite.get(place.site) ?? []),
  ];
  if (suppliers.some(stillMoving)) return true;
  for (const member of members.rack(place).members) {
    const helps = member.leftBytes === 0 ||
      (members.hasData(member) && member.leftBytes < asker.leftBytes);
    if (helps && stillMoving(member)) return true;
  }
  return false;
}

/** Its rack: half of them whoever has something, the rest anybody. */
function inside(asker: Member, options: SelectionOptions): Member[] {
  if (asker.place === undefined) return [];
  const candidates = usable(options.members.rack(asker.place).members, asker, options);
  return preferHelpers(candidates, options.wanted, options);
}

function across(asker: Member, reach: Reach, options: SelectionOptions): Member[] {
  const { members } = options;
  if (asker.place === undefined) {
    const { seeds } = members.everybody;
    const candidates = usable(members.everybody.members, asker, options);
    const some = usable(seeds, asker, options);
    const fewSeeds = pickRandom(some, options.policy.outsidePeers, options.random);
    const others = candidates.filter((member) => !fewSeeds.includes(member));
    return [...fewSeeds, ...preferHelpers(others, options.policy.outsidePeers, options)];
  }
  if (reach === "rack") return [];
  const site = members.site(asker.place);
  const ofSite = helpersAmong(site, asker, {
    options,
    isCandidate: (member) => !sameRack(member, asker),
  });
  if (reach === "site") return ofSite;
  const ofOthers = helpersAmong(members.everybody, asker, {
    options,
    isCandidate: (member) => !sameSite(member, asker),
  });
  return [...ofOthers, ...ofSite];
}

/**
 * A few on the other side of a border who can help. Seeds, if there are any: they take nothing back
 * across. Else gateways, else whoever has most.
 */
function helpersAmong(
  group: { members: ReadonlySet<Member>; seeds: ReadonlySet<Member> },
  asker: Member,
  search: { options: SelectionOptions; isCandidate: (member: Member) => boolean },
): Member[] {
  const { options, isCandidate } = search;
  const { policy, random, members } = options;
  const seeds = usable(group.seeds, asker, options).filter(isCandidate);
  if (seeds.length > 0) return pickRandom(seeds, policy.outsidePeers, random);
  const gateways = usable(allGateways(options.gateways), asker, options)
    .filter((member) => isCandidate(member) && group.members.has(member));
  const withData = gateways.filter((member) => members.hasData(member));
  if (withData.length > 0) return pickRandom(withData, policy.outsidePeers, random);
  const others = usable(group.members, asker, options)
    .filter((member) => isCandidate(member) && members.hasData(member))
    .sort((left, right) => left.leftBytes - right.leftBytes);
  return (others.length > 0 ? others : gateways).slice(0, policy.outsidePeers);
}

function selectForSeed(asker: Member, options: SelectionOptions): Member[] {
  const { members, gateways } = options;
  const helped = new Set<Member>();
  for (const member of allGateways(gateways)) {
    const isSitesGateway = gateways.bySite.get(member.place?.site ?? "")?.includes(member);
    if (isSitesGateway || sameSite(member, asker)) helped.add(member);
  }
  if (asker.place !== undefined) {
    for (const member of members.rack(asker.place).members) helped.add(member);
  }
  for (const member of members.everybody.members) {
    if (member.place === undefined) helped.add(member);
    if (helped.size >= 2 * options.wanted) break;
  }
  return usable(helped, asker, options).filter((member) => member.leftBytes > 0);
}

/** Those of sites first: a site without a copy goes before a rack without one. */
function allGateways(gateways: Gateways): Set<Member> {
  return new Set([...gateways.bySite.values(), ...gateways.byRack.values()].flat());
}

function usable(
  candidates: Iterable<Member>,
  asker: Member,
  options: SelectionOptions,
): Member[] {
  const found: Member[] = [];
  for (const member of candidates) {
    if (member !== asker && !isSilent(member, options)) found.push(member);
  }
  return found;
}

function preferHelpers(
  candidates: readonly Member[],
  count: number,
  options: SelectionOptions,
): Member[] {
  const { members, random } = options;
  const helpers = candidates.filter((member) => members.hasData(member));
  const chosen = pickRandom(helpers, Math.ceil(count / 2), random);
  const rest = candidates.filter((member) => !chosen.includes(member));
  return [...chosen, ...pickRandom(rest, count - chosen.length, random)];
}
