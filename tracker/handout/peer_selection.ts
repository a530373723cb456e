/**
 * Which peers an announcing peer is given: its rack first, across a border only whom the traffic
 * needs there. Pure, so that it can be tested and simulated without a network.
 *
 * - Never itself, and never seeds to a seed.
 * - Who fetches gets its rack. The gateways of a rack get, besides, helpers in the site's other racks,
 *   those of a site also helpers in other sites.
 * - Helpers are seeds where those are enough for the racks that want a copy; else also hosts for which
 *   no rack waits, soon to hold a part if not yet: many gateways on one build machine would share its
 *   link and wait for each other, and what a gateway sends outside, its own rack lacks.
 * - Clients that do not keep to the reach (other engines, other programs) are given seeds for longer, and help
 *   no host that does: two hosts fetch from each other then, and each piece would cross both ways.
 * - Who starves is treated as a gateway: first of its rack, then of its site.
 * - A seed gets whom it may help: the gateways of sites and racks that hold no copy, then its rack.
 * - A peer whose place is unknown is outside of everyone.
 */

import type { Reach } from "../../base/locality.ts";
import { PeerSample, type PeerSampleOptions } from "./peer_sample.ts";
import { isSilent } from "./gateway_election.ts";
import { BucketRange, type MemberIndex } from "../members/member_index.ts";
import { type Member, type Members, Rank } from "../members/members.ts";
import { pickRandom } from "../../base/random.ts";

/** What a choice goes by. */
export interface SelectionOptions extends PeerSampleOptions {
  readonly members: Members;
}

/** The answer to an announce. */
export interface Selection {
  readonly peers: readonly Member[];
  /** Those of them that it fetches from across a border; to be remembered, see `Members.setHelpers`. */
  readonly helpers: readonly Member[];
  readonly intervalMs: number;
  /** It may come so soon if it cannot ask anybody for anything. */
  readonly minIntervalMs: number;
  readonly reach: Reach;
}

/** More hosts than a rack has: who calls a whole fleet one rack is served, but not by a look at all of it. */
const MAX_HOPES = 500;

/** Chooses the peers for one member of the swarm, and when it is to announce again. */
export function selectPeers(asker: Member, options: SelectionOptions): Selection {
  const { policy } = options;
  const choice = new PeerSample(asker, options);
  if (asker.rank === Rank.Seed) {
    chooseForSeed(asker, choice, options);
    const { seedIntervalMs: intervalMs, hungryIntervalMs: minIntervalMs } = policy;
    return { peers: choice.peers, helpers: [], intervalMs, minIntervalMs, reach: "rack" };
  }
  const reach = reachOf(asker, options);
  // Those across a border first: a large rack must not leave them out.
  chooseAcross(asker, reach, { asker, choice, options });
  const helpers = asker.rack === undefined ? [] : choice.peers.slice();
  if (asker.rack !== undefined) chooseInside(asker.rack, choice, options);
  const intervals = intervalsOf(asker, reach, { choice, options });
  return { peers: choice.peers, helpers, ...intervals, reach };
}

function intervalsOf(
  asker: Member,
  reach: Reach,
  { choice, options }: { choice: PeerSample; options: SelectionOptions },
): Pick<Selection, "intervalMs" | "minIntervalMs"> {
  const { policy, members } = options;
  const { eagerIntervalMs, hungryIntervalMs, leecherIntervalMs } = policy;
  // Few are gateways, and everybody waits for them.
  if (isGateway(asker)) {
    const isNew = options.nowMs - asker.arrivedMs < policy.eagerMs;
    const intervalMs = isNew ? eagerIntervalMs : hungryIntervalMs;
    return { intervalMs, minIntervalMs: eagerIntervalMs };
  }
  let helpful = 0;
  for (const peer of choice.peers) if (peer.rank !== Rank.Empty && !peer.claimsCopy) helpful++;
  const isContent = reach === "rack" && helpful >= policy.enoughPeers &&
    asker.announcesWithoutProgress === 0;
  const shareMs = members.size / policy.announcesPerSecond * 1000;
  const minIntervalMs = Math.max(hungryIntervalMs, shareMs);
  return {
    intervalMs: isContent ? Math.max(leecherIntervalMs, shareMs) : minIntervalMs,
    minIntervalMs,
  };
}

/** Whether it fetches across a border for others. */
export function isGateway(member: Member): boolean {
  return (member.rack?.gateways.includes(member) ?? false) ||
    (member.site?.gateways.includes(member) ?? false);
}

/** Whether its own rack waits for what it fetches, so that its link is not for others. */
function isBusy(member: Member): boolean {
  return isGateway(member) && (member.rack?.count(BucketRange.All) ?? 0) > 1;
}

/** From how far a peer is to fetch now. */
export function reachOf(asker: Member, options: SelectionOptions): Reach {
  const { policy } = options;
  const { site, rack, announcesWithoutProgress } = asker;
  if (site === undefined || rack === undefined) return "everywhere";
  if (site.gateways.includes(asker)) return "everywhere";
  if (announcesWithoutProgress >= policy.starvingAnnounces) {
    const patience = hasHope(asker, { site, rack, options })
      ? policy.patientAnnounces
      : policy.starvingAnnounces;
    if (announcesWithoutProgress >= 2 * patience) return "everywhere";
    if (announcesWithoutProgress >= patience) return "site";
  }
  return rack.gateways.includes(asker) ? "site" : "rack";
}

/** Whether somebody inside holds what it lacks, or is on the way to it. */
function hasHope(
  asker: Member,
  { site, rack, options }: { site: MemberIndex; rack: MemberIndex; options: SelectionOptions },
): boolean {
  const { policy } = options;
  const stillMoving = (member: Member) =>
    member !== asker && !isSilent(member, options) &&
    member.announcesWithoutProgress < policy.gatewayStallAnnounces;
  if (rack.gateways.some(stillMoving) || site.gateways.some(stillMoving)) return true;
  const looks = Math.min(rack.end(BucketRange.WithData), MAX_HOPES);
  for (let slot = 0; slot < looks; slot++) {
    const member = rack.list[slot];
    if (member === undefined || !stillMoving(member)) continue;
    if (member.rank === Rank.Seed || member.leftBytes < asker.leftBytes) return true;
  }
  return false;
}

/** Its rack: half of them whoever has something, the rest anybody. */
function chooseInside(rack: MemberIndex, choice: PeerSample, options: SelectionOptions): void {
  const { insidePeers } = options.policy;
  const seeds = choice.take(rack, BucketRange.Seeds, { count: Math.ceil(insidePeers / 4) });
  const holders = choice.take(rack, BucketRange.Holders, {
    count: Math.ceil(insidePeers / 2) - seeds,
  });
  choice.take(rack, BucketRange.All, { count: insidePeers - seeds - holders });
}

interface Search {
  readonly asker: Member;
  readonly choice: PeerSample;
  readonly options: SelectionOptions;
}

function chooseAcross(asker: Member, reach: Reach, { choice, options }: Search): void {
  const { members, policy } = options;
  const { site, rack } = asker;
  if (site === undefined || rack === undefined) {
    choice.take(members.fleet, BucketRange.Seeds, { count: policy.outsideSeeds });
    choice.take(members.fleet, BucketRange.Holders, { count: policy.outsideHolders });
    // To each other strangers are what neighbours are to the rest: a fleet that tells no places is a plain swarm.
    choice.take(members.strangers, BucketRange.All, { count: policy.insidePeers });
    if (choice.peers.length === 0) {
      choice.take(members.fleet, BucketRange.All, { count: policy.outsideSeeds });
    }
    return;
  }
  const search = { asker, choice, options };
  if (reach === "everywhere") chooseHelpers(members.fleet, site, search);
  if (reach !== "rack") chooseHelpers(site, rack, search);
}

/**
 * A few of a group who can help, outside of that part of it: those that it was given last time, as long
 * as they can, then new ones. Announces that each brought others would fill the connections of both
 * sides, until there is no room for the own rack.
 */
function chooseHelpers(
  group: MemberIndex,
  outsideOf: MemberIndex,
  { asker, choice, options }: Search,
): void {
  const { policy, members } = options;
  const isOutside = (member: Member) => member.groups[outsideOf.level] !== outsideOf;
  const { keepsReach } = asker;
  const racksPerSeed = keepsReach ? policy.racksPerSeed : policy.racksPerSeedAtLarge;
  const seedsSuffice = members.racksWithGateways <= racksPerSeed * Math.max(1, members.fleet.seeds);
  // A site must not depend on seeds alone, which serve their own site before others.
  const least = group.level === 0 && keepsReach ? policy.leastOutsideHolders : 0;
  const most = seedsSuffice ? least : policy.outsideHolders;
  let [seeds, holders, hopefuls] = [0, 0, 0];
  for (const member of asker.helpers) {
    if (member.isGone || !isOutside(member)) continue;
    if (member.rank !== Rank.Seed && (isBusy(member) || member.claimsCopy)) continue;
    if (group.level === 1 && member.site !== group) continue;
    const isSeed = member.rank === Rank.Seed;
    const others = holders + hopefuls;
    if (isSeed ? seeds >= policy.outsideSeeds : others >= most) continue;
    if (!choice.add(member)) continue;
    if (isSeed) seeds++;
    else member.rank === Rank.Empty ? hopefuls++ : holders++;
  }
  // Whoever helps many already (is taken) comes after those who help few.
  const wantSeeds = policy.outsideSeeds - seeds;
  seeds += choice.take(group, BucketRange.FreeSeeds, { count: wantSeeds, outsideOf });
  // One that helps many is better than none.
  if (seeds === 0) seeds += choice.take(group, BucketRange.Seeds, { count: 1, outsideOf });
  const open = most - holders - hopefuls;
  const fits = (member: Member) => !isBusy(member) && (member.keepsReach || !keepsReach);
  holders += choice.take(group, BucketRange.FreeHolders, { count: open, outsideOf, fits });
  // Whoever holds nothing yet will in a moment, and is then already connected.
  const rest = most - holders - hopefuls;
  hopefuls += choice.take(group, BucketRange.FreeEmpty, { count: rest, outsideOf, fits });
  const lacking = least - holders - hopefuls;
  holders += choice.take(group, BucketRange.KnownHolders, { count: lacking, outsideOf, fits });
  if (seeds + holders > 0) return;
  if (choice.take(group, BucketRange.FreeHolders, { count: open, outsideOf }) > 0) return;
  const count = policy.outsideSeeds;
  if (group.count(BucketRange.Holders) > outsideOf.count(BucketRange.Holders)) {
    // Of a small fleet's gateways each is known to come forward; then anybody who holds something.
    const isHolding = (member: Member) => isOutside(member) && member.rank !== Rank.Empty;
    if (takeGateways(group, { choice, count, fits: isHolding }) > 0) return;
    if (choice.take(group, BucketRange.Holders, { count, outsideOf }) > 0) return;
  }
  takeGateways(group, { choice, count, fits: isOutside });
}

/** Gateways of a group's parts: of sites first, since a site goes before a rack. */
function takeGateways(
  group: MemberIndex,
  { choice, count, fits }: {
    choice: PeerSample;
    count: number;
    fits: (member: Member) => boolean;
  },
): number {
  let taken = 0;
  for (const part of group.parts.values()) {
    for (const member of part.gateways) {
      if (taken < count && fits(member) && choice.add(member)) taken++;
    }
  }
  if (group.level > 0) return taken;
  for (const site of group.parts.values()) {
    if (taken >= count) break;
    taken += takeGateways(site, { choice, count: count - taken, fits });
  }
  return taken;
}

function chooseForSeed(asker: Member, choice: PeerSample, options: SelectionOptions): void {
  const { members, policy, random } = options;
  const isLeecher = (member: Member) => member.rank !== Rank.Seed;
  takeGateways(members.fleet, {
    choice,
    count: members.fleet.parts.size * policy.gatewaysPerSite,
    fits: (member) => isLeecher(member) && (member.site?.gateways.includes(member) ?? false),
  });
  const ofRacks = [...asker.site?.parts.values() ?? []].flatMap(({ gateways }) => gateways);
  const { length } = choice.peers;
  // Its rack is not to be left out by a site of many racks.
  const room = Math.ceil((options.wanted - length) / 2);
  for (const member of pickRandom(ofRacks, room, random)) if (isLeecher(member)) choice.add(member);
  if (asker.rack !== undefined) {
    choice.take(asker.rack, BucketRange.Leechers, { count: policy.insidePeers });
  }
  choice.take(members.strangers, BucketRange.Leechers, { count: policy.insidePeers });
}
