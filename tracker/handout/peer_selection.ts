/**
 * Chooses which peers an announcing peer is given: peers of its rack, and across a border only as many as the content
 * needs to cross it once. Pure, so that it can be tested and simulated without a network.
 *
 * - Nobody is given itself, and no seed is given seeds.
 * - A leecher gets its rack. The gateways of a rack also get helpers in the site's other racks, those of a site also
 *   helpers in other sites.
 * - Helpers are seeds where those are enough for the racks that want a copy; else also hosts that are no gateways, even
 *   if they hold nothing yet: many gateways on one build machine would share its link and wait for each other, and what
 *   a gateway sends outside, its own rack waits for.
 * - Clients that do not keep to the reach (other engines, other programs) are given seeds alone for longer, and do not
 *   help a host that does: the two would fetch from each other, and pieces would cross in both directions.
 * - A leecher without progress is treated as a gateway: first of its rack, then of its site.
 * - A seed counts as a copy, and is handed out first, once somebody else has reported bytes from it: a peer that only
 *   says so must not make a rack wait.
 * - A seed gets whom it may help: the gateways of sites and racks that hold no copy, then its rack.
 * - A peer whose location is not known is outside of every site and rack.
 */

import type { Reach } from "../../base/locality.ts";
import { PeerSample, type PeerSampleOptions } from "./peer_sample.ts";
import { isMoving } from "./gateway_election.ts";
import { chooseForStripes, chooseOwnersForSeed } from "./striped_selection.ts";
import type { DealtDuty } from "./stripes.ts";
import {
  Bucket,
  BucketRange,
  type Group,
  Level,
  type Member,
  type Members,
  Rank,
} from "../members/mod.ts";
import { pickRandom } from "../../base/random.ts";

/** What a selection is based on. */
export interface SelectionOptions extends PeerSampleOptions {
  readonly members: Members;
  /** What the asker is to bring in, if it obeys stripes and has been dealt them. Default: it may have a gateway's part. */
  readonly duty?: DealtDuty | undefined;
}

/** The answer to an announce. */
export interface Selection {
  readonly peers: readonly Member[];
  /** The ones among `peers` that it fetches from across a border; to be remembered, see `Members.setHelpers`. */
  readonly helpers: readonly Member[];
  readonly intervalMs: number;
  /** After which time it may announce again if it has nobody to fetch from. */
  readonly minIntervalMs: number;
  readonly reach: Reach;
}

/** More hosts than a rack has; where a whole fleet is called one rack, not all of it is looked at. */
const MAX_MEMBERS_LOOKED_AT = 500;

/** Chooses the peers for one member of the swarm, how far it is to fetch, and when it is to announce again. */
export function selectPeers(asker: Member, options: SelectionOptions): Selection {
  const { settings, duty } = options;
  const sample = new PeerSample(asker, options);
  if (asker.rank === Rank.Seed) {
    if (duty !== undefined) chooseOwnersForSeed(asker, { sample, options, duty });
    chooseForSeed(asker, sample, options);
    const { seedIntervalMs: intervalMs, hungryIntervalMs: minIntervalMs } = settings;
    return { peers: sample.peers, helpers: [], intervalMs, minIntervalMs, reach: "rack" };
  }
  const reach = reachOf(asker, options);
  // Peers across a border come first, so that a large rack leaves room for them.
  if (duty !== undefined) chooseForStripes(asker, { sample, options, duty });
  // Who obeys stripes and makes no progress is helped like anybody else.
  if (duty === undefined || isStarving(asker, options)) {
    chooseAcross(asker, reach, { asker, sample, options });
  }
  const helpers = asker.rack === undefined ? [] : sample.peers.slice();
  if (asker.rack !== undefined) chooseInside(asker.rack, sample, options);
  const intervals = intervalsOf(asker, reach, { sample, options });
  return { peers: sample.peers, helpers, ...intervals, reach };
}

function intervalsOf(
  asker: Member,
  reach: Reach,
  { sample, options }: { sample: PeerSample; options: SelectionOptions },
): Pick<Selection, "intervalMs" | "minIntervalMs"> {
  const { settings, members } = options;
  const { beginningIntervalMs, eagerIntervalMs, hungryIntervalMs, leecherIntervalMs } = settings;
  const ageMs = options.nowMs - asker.arrivedMs;
  const isBeginning = ageMs < settings.beginningMs;
  const { duty } = options;
  // Few bring something in, and everybody waits for them.
  const isOwner = duty !== undefined && duty.rack.length > 0;
  if (isGateway(asker) || isOwner || duty?.isDue && ageMs < settings.eagerMs) {
    const laterMs = ageMs < settings.eagerMs ? eagerIntervalMs : hungryIntervalMs;
    const intervalMs = isBeginning ? Math.min(beginningIntervalMs, laterMs) : laterMs;
    return { intervalMs, minIntervalMs: Math.min(intervalMs, eagerIntervalMs) };
  }
  let helpful = 0;
  for (const peer of sample.peers) {
    if (peer.rank !== Rank.Empty && !peer.isUnverifiedSeed) helpful++;
  }
  const isContent = reach === "rack" && helpful >= settings.enoughPeers &&
    asker.announcesWithoutProgress === 0;
  const shareMs = members.size / settings.announcesPerSecond * 1000;
  const soonMs = isBeginning ? Math.min(beginningIntervalMs, hungryIntervalMs) : hungryIntervalMs;
  const minIntervalMs = Math.max(soonMs, shareMs);
  return {
    intervalMs: isContent ? Math.max(leecherIntervalMs, shareMs) : minIntervalMs,
    minIntervalMs,
  };
}

/** Whether a member fetches across a border for others. */
export function isGateway(member: Member): boolean {
  return (member.rack?.gateways.includes(member) ?? false) ||
    (member.site?.gateways.includes(member) ?? false);
}

/** Whether its own rack waits for what it fetches, so that it should not send to others. */
function isBusy(member: Member): boolean {
  return isGateway(member) && (member.rack?.count(BucketRange.All) ?? 0) > 1;
}

/** How far away the peers may be that a leecher fetches from now. */
export function reachOf(asker: Member, options: SelectionOptions): Reach {
  const { settings, duty } = options;
  const { site, rack, announcesWithoutProgress } = asker;
  if (site === undefined || rack === undefined) return "everywhere";
  if (site.gateways.includes(asker)) return "everywhere";
  // A seed's pieces are for its whole site.
  const needsOthers = duty !== undefined && duty.site.length > 0 &&
    site.count(BucketRange.ConfirmedSeeds) === 0;
  if (needsOthers) return "everywhere";
  if (announcesWithoutProgress >= settings.starvingAnnounces) {
    const patience = canExpectHelp(asker, { site, rack, options })
      ? settings.patientAnnounces
      : settings.starvingAnnounces;
    if (announcesWithoutProgress >= 2 * patience) return "everywhere";
    if (announcesWithoutProgress >= patience) return "site";
  }
  const bringsIn = rack.gateways.includes(asker) || duty !== undefined && duty.rack.length > 0;
  return bringsIn ? "site" : "rack";
}

/** Whether it is to fetch from farther than what it brings in is worth. */
function isStarving(asker: Member, options: SelectionOptions): boolean {
  const { starvingAnnounces, patientAnnounces } = options.settings;
  const { site, rack, announcesWithoutProgress } = asker;
  if (site === undefined || rack === undefined) return true;
  const isHelped = canExpectHelp(asker, { site, rack, options });
  return announcesWithoutProgress >= (isHelped ? patientAnnounces : starvingAnnounces);
}

/** Whether somebody inside the border holds what the asker lacks, or will soon. */
function canExpectHelp(
  asker: Member,
  { site, rack, options }: { site: Group; rack: Group; options: SelectionOptions },
): boolean {
  const stillMoving = (member: Member) => member !== asker && isMoving(member, options);
  if (rack.gateways.some(stillMoving) || site.gateways.some(stillMoving)) return true;
  if (rack.stripeOwners.some((one) => one !== undefined && stillMoving(one))) return true;
  const looks = Math.min(rack.end(BucketRange.WithData), MAX_MEMBERS_LOOKED_AT);
  for (let slot = 0; slot < looks; slot++) {
    const member = rack.list[slot];
    if (member === undefined || !stillMoving(member)) continue;
    if (member.bucket === Bucket.UnconfirmedSeeds) continue;
    if (member.rank === Rank.Seed || member.leftBytes < asker.leftBytes) return true;
  }
  return false;
}

/** Draws confirmed seeds of a group, and where those are too few, others. */
function takeSeeds(
  group: Group,
  sample: PeerSample,
  { count }: { readonly count: number },
): number {
  const confirmed = sample.take(group, BucketRange.ConfirmedSeeds, { count });
  return confirmed +
    sample.take(group, BucketRange.UnconfirmedSeeds, { count: count - confirmed });
}

/** Draws peers of the asker's rack: half of them hold something, the rest is anybody. */
function chooseInside(rack: Group, sample: PeerSample, options: SelectionOptions): void {
  const { insidePeers } = options.settings;
  const seeds = takeSeeds(rack, sample, { count: Math.ceil(insidePeers / 4) });
  const holders = sample.take(rack, BucketRange.Holders, {
    count: Math.ceil(insidePeers / 2) - seeds,
  });
  sample.take(rack, BucketRange.All, { count: insidePeers - seeds - holders });
}

interface Search {
  readonly asker: Member;
  readonly sample: PeerSample;
  readonly options: SelectionOptions;
}

function chooseAcross(asker: Member, reach: Reach, { sample, options }: Search): void {
  const { members, settings } = options;
  const { site, rack } = asker;
  if (site === undefined || rack === undefined) {
    takeSeeds(members.fleet, sample, { count: settings.outsideSeeds });
    sample.take(members.fleet, BucketRange.Holders, { count: settings.outsideHolders });
    // Unlocated members are neighbours to each other: a fleet that tells no locations is a plain swarm.
    sample.take(members.unlocated, BucketRange.All, { count: settings.insidePeers });
    if (sample.peers.length === 0) {
      sample.take(members.fleet, BucketRange.All, { count: settings.outsideSeeds });
    }
    return;
  }
  const search = { asker, sample, options };
  if (reach === "everywhere") chooseHelpers(members.fleet, site, search);
  if (reach !== "rack") chooseHelpers(site, rack, search);
}

/**
 * Draws a few members of a group that can help, outside of the given group: first those that the asker was given last
 * time, as long as they can help, then new ones. If each announce brought others, the connections of both sides would fill
 * up until there is no room for the own rack.
 */
function chooseHelpers(
  group: Group,
  outsideOf: Group,
  { asker, sample, options }: Search,
): void {
  const { settings, members } = options;
  const isOutside = (member: Member) => member.groups[outsideOf.level] !== outsideOf;
  const { keepsReach } = asker;
  const racksPerSeed = keepsReach ? settings.racksPerSeed : settings.racksPerSeedWithoutReach;
  const seedsSuffice = members.racksWithImporters <=
    racksPerSeed * Math.max(1, members.fleet.count(BucketRange.ConfirmedSeeds));
  // A site must not depend on seeds alone, since they serve their own site before others.
  const least = group.level === Level.Fleet && keepsReach ? settings.leastOutsideHolders : 0;
  const most = seedsSuffice ? least : settings.outsideHolders;
  let [seeds, holders, empties] = [0, 0, 0];
  for (const member of asker.helpers) {
    if (member.isGone || !isOutside(member)) continue;
    // Had it been one, the asker would have reported bytes from it by now; others get their turn.
    if (member.bucket === Bucket.UnconfirmedSeeds) continue;
    if (member.rank !== Rank.Seed && (isBusy(member) || member.isUnverifiedSeed)) continue;
    if (group.level === Level.Site && member.site !== group) continue;
    const isSeed = member.rank === Rank.Seed;
    const others = holders + empties;
    if (isSeed ? seeds >= settings.outsideSeeds : others >= most) continue;
    if (!sample.add(member)) continue;
    if (isSeed) seeds++;
    else member.rank === Rank.Empty ? empties++ : holders++;
  }
  // Members that already help many (taken ones) come after those that help few.
  const wantSeeds = settings.outsideSeeds - seeds;
  seeds += sample.take(group, BucketRange.FreeSeeds, { count: wantSeeds, outsideOf });
  // A seed that helps many is better than none.
  if (seeds === 0) {
    seeds += sample.take(group, BucketRange.ConfirmedSeeds, { count: 1, outsideOf });
  }
  // While no seed is confirmed any of them may be the true one; else one is tried beside those that are.
  const tried = seeds === 0 ? settings.triedSeeds : Math.max(1, settings.outsideSeeds - seeds);
  const unconfirmed = sample.take(group, BucketRange.UnconfirmedSeeds, {
    count: tried,
    outsideOf,
  });
  if (seeds === 0) seeds = unconfirmed;
  const open = most - holders - empties;
  const fits = (member: Member) => !isBusy(member) && (member.keepsReach || !keepsReach);
  holders += sample.take(group, BucketRange.FreeHolders, { count: open, outsideOf, fits });
  // A member that holds nothing yet will hold something in a moment, and is then already connected.
  const rest = most - holders - empties;
  empties += sample.take(group, BucketRange.FreeEmpty, { count: rest, outsideOf, fits });
  const lacking = least - holders - empties;
  holders += sample.take(group, BucketRange.KnownHolders, { count: lacking, outsideOf, fits });
  if (seeds + holders > 0) return;
  if (sample.take(group, BucketRange.FreeHolders, { count: open, outsideOf }) > 0) return;
  const count = settings.outsideSeeds;
  if (group.count(BucketRange.Holders) > outsideOf.count(BucketRange.Holders)) {
    // In a small fleet gateways come first, since they are known to make progress; then anybody who holds something.
    const isHolding = (member: Member) => isOutside(member) && member.rank !== Rank.Empty;
    if (takeGateways(group, { sample, count, fits: isHolding }) > 0) return;
    if (sample.take(group, BucketRange.Holders, { count, outsideOf }) > 0) return;
  }
  takeGateways(group, { sample, count, fits: isOutside });
}

/** Draws gateways of the groups below a group: of sites first, since a site needs its copy before a rack does. */
function takeGateways(
  group: Group,
  { sample, count, fits }: {
    sample: PeerSample;
    count: number;
    fits: (member: Member) => boolean;
  },
): number {
  let taken = 0;
  for (const child of group.children.values()) {
    for (const member of child.gateways) {
      if (taken < count && fits(member) && sample.add(member)) taken++;
    }
  }
  if (group.level !== Level.Fleet) return taken;
  for (const site of group.children.values()) {
    if (taken >= count) break;
    taken += takeGateways(site, { sample, count: count - taken, fits });
  }
  return taken;
}

function chooseForSeed(asker: Member, sample: PeerSample, options: SelectionOptions): void {
  const { members, settings, random } = options;
  const isLeecher = (member: Member) => member.rank !== Rank.Seed;
  takeGateways(members.fleet, {
    sample,
    count: members.fleet.children.size * settings.gatewaysPerSite,
    fits: (member) => isLeecher(member) && (member.site?.gateways.includes(member) ?? false),
  });
  const ofRacks = [...asker.site?.children.values() ?? []].flatMap(({ gateways }) => gateways);
  const { length } = sample.peers;
  // A site of many racks must leave room for the seed's own rack.
  const room = Math.ceil((options.wanted - length) / 2);
  for (const member of pickRandom(ofRacks, room, random)) if (isLeecher(member)) sample.add(member);
  if (asker.rack !== undefined) {
    sample.take(asker.rack, BucketRange.Leechers, { count: settings.insidePeers });
  }
  sample.take(members.unlocated, BucketRange.Leechers, { count: settings.insidePeers });
}
