/**
 * Elects who may fetch across a border: a small number of gateways per site and per rack, so that little more than one
 * copy crosses. They are elected while the group holds no complete copy and no host brings in its stripes, kept while they
 * make progress, and replaced when they stall, are slow, time out or leave. `electGateways` decides and changes nothing;
 * `applyElection` changes.
 */

import { BucketRange, type Group, Level, type Member, type Members, Rank } from "../members/mod.ts";
import type { HandoutSettings } from "./handout_settings.ts";

/** The outcome of an election in one group. */
export interface Election {
  readonly group: Group;
  /** The gateways from now on, those that stay included. */
  readonly chosen: readonly Member[];
  /** The new ones among them: their count of announces without progress begins anew. */
  readonly elected: readonly Member[];
  /** The ones that were replaced because they stalled or were slow: others go before them in the next election. */
  readonly demoted: readonly { readonly member: Member; readonly why: "stalled" | "slow" }[];
}

/** What an election is based on. */
export interface ElectionOptions {
  readonly members: Members;
  readonly settings: HandoutSettings;
  readonly nowMs: number;
  /** The member that announces now: elected, it knows at once, where another would hear of it an interval later. */
  readonly asker?: Member;
}

/** The member that announces now is preferred if it lacks at most this share of the content more than the best one. */
const ASKER_HANDICAP = 0.05;
/** Seeds that time out soon leave the bucket of seeds, so a living one is mostly the first that is looked at. */
const MAX_SEEDS_LOOKED_AT = 128;
/** With fewer rack gateways there is no usual rate. */
const MIN_RATES = 3;

/** Whether a member has missed its announces, or was reported lost. */
export function isTimedOut(
  member: Member,
  options: { readonly settings: HandoutSettings; readonly nowMs: number },
): boolean {
  if (member.hasTimedOut) return true;
  const { hungryIntervalMs, timeoutIntervals: silentIntervals } = options.settings;
  const silentMs = options.nowMs - member.lastSeenMs;
  // The limit is `effectiveIntervalMs`, written out: it is checked for each peer of each answer, and the first half is
  // nearly always false.
  return silentMs > hungryIntervalMs * silentIntervals &&
    silentMs > member.intervalMs * silentIntervals;
}

/** The interval by which a member is judged: one that is asked to announce eagerly does not time out sooner for it. */
export function effectiveIntervalMs({ intervalMs }: Member, settings: HandoutSettings): number {
  return Math.max(intervalMs, settings.hungryIntervalMs);
}

/**
 * Begins the grace of a member's site and rack where they have a seed that nobody has confirmed yet: for so long it counts as
 * a copy. A true one is confirmed by then, and no piece crosses a border a second time meanwhile; false ones cost a group
 * that time once, however many come.
 */
export function graceUnconfirmed(
  { site, rack }: Member,
  { settings, nowMs }: Pick<ElectionOptions, "settings" | "nowMs">,
): void {
  if (site === undefined || rack === undefined) return;
  const graceUntilMs = nowMs + settings.unconfirmedGraceMs;
  if (needsGrace(site)) site.graceUntilMs = graceUntilMs;
  if (needsGrace(rack)) rack.graceUntilMs = graceUntilMs;
}

function needsGrace(group: Group): boolean {
  return group.graceUntilMs === undefined && group.count(BucketRange.UnconfirmedSeeds) > 0 &&
    group.count(BucketRange.Leechers) > 0;
}

/** Elects anew, where there is need, in the site and rack of a member that has announced or left. */
export function electGateways(member: Member, options: ElectionOptions): readonly Election[] {
  const { site, rack } = member;
  if (site === undefined || rack === undefined) return [];
  const { settings } = options;
  const ofSite = electIn(site, { ...options, wanted: settings.gatewaysPerSite, preferred: [] });
  const siteGateways = ofSite?.chosen ?? site.gateways;
  const ofRack = electIn(rack, {
    ...options,
    wanted: settings.gatewaysPerRack,
    // What the site's gateway brings from outside must not cross into its own rack a second time.
    preferred: siteGateways.filter((gateway) => gateway.rack === rack),
  });
  if (ofSite === undefined && ofRack === undefined) return NO_ELECTIONS;
  return [ofSite, ofRack].filter((election) => election !== undefined);
}

const NO_ELECTIONS: readonly Election[] = [];

/** Puts an election into effect. */
export function applyElection(election: Election, members: Members): void {
  const { group, chosen, elected, demoted } = election;
  if (group.level === Level.Rack) {
    members.changeImporters(group, () => group.gateways = chosen);
  } else {
    group.gateways = chosen;
  }
  for (const { member, why } of demoted) {
    members.noteDemotion(member);
    if (why === "slow") group.slowReplacements++;
  }
  for (const member of elected) {
    member.announcesWithoutProgress = 0;
    member.announcesAsGateway = 0;
  }
}

/**
 * Notes the median rate of each site's rack gateways and owners of stripes as the site's usual rate, and the best site's as
 * the fleet's. To be called every few seconds only: it visits all of them.
 */
export function measureUsualRates(members: Members): void {
  let fastest = 0;
  for (const site of members.fleet.children.values()) {
    const rates: number[] = [];
    for (const { gateways: [gateway], stripeOwners } of site.children.values()) {
      if (gateway !== undefined) rates.push(gateway.bytesPerMs);
      for (const owner of new Set(stripeOwners)) {
        if (owner !== undefined) rates.push(owner.bytesPerMs);
      }
    }
    rates.sort((left, right) => left - right);
    site.usualBytesPerMs = rates.length < MIN_RATES ? 0 : rates[rates.length >> 1] ?? 0;
    fastest = Math.max(fastest, site.usualBytesPerMs);
  }
  members.fleet.usualBytesPerMs = fastest;
}

interface GroupElectionOptions extends ElectionOptions {
  readonly wanted: number;
  readonly preferred: readonly Member[];
}

function electIn(group: Group, options: GroupElectionOptions): Election | undefined {
  const { wanted, preferred } = options;
  const current = group.gateways;
  if (group.size === 0 || group.isStriped || holdsCopy(group, options)) {
    return current.length === 0 ? undefined : { group, chosen: [], elected: [], demoted: [] };
  }
  const fit = current.every((member) => fitness(member, group, options) === "fit");
  const leechers = group.count(BucketRange.Leechers);
  if (
    fit && (current.length >= wanted || current.length >= leechers) &&
    preferred.every((member) => current.includes(member))
  ) return undefined;

  const demoted: { member: Member; why: "stalled" | "slow" }[] = [];
  const kept: Member[] = [];
  for (const member of current) {
    const verdict = fitness(member, group, options);
    if (verdict === "fit") kept.push(member);
    else if (verdict !== "absent") demoted.push({ member, why: verdict });
  }
  const chosen = [...new Set([...preferred, ...kept])].slice(0, wanted);
  const firstIn = group.level === Level.Site ? formerRackOf(current[0]) : undefined;
  while (chosen.length < wanted) {
    const search = { ...options, demoted };
    let next = firstIn === undefined ? undefined : bestCandidate(firstIn, chosen, search);
    if (next === undefined || demoted.some(({ member }) => member === next)) {
      next = bestCandidate(group, chosen, search);
    }
    if (next === undefined) break;
    chosen.push(next);
  }
  const same = chosen.length === current.length && chosen.every((one, at) => one === current[at]);
  if (same && demoted.length === 0) return undefined;
  return { group, chosen, elected: chosen.filter((member) => !kept.includes(member)), demoted };
}

/**
 * Where a site's next gateway is looked for first: in the rack of the last one, since what that one has brought is there
 * and need not come from outside once more. Only once per rack, since it may be the rack's link that is slow.
 */
function formerRackOf(former: Member | undefined): Group | undefined {
  const rack = former?.rack;
  return rack?.list.some(({ demotions }) => demotions > 0) ? undefined : rack;
}

/** Whether a member is there and gets on: it has not timed out, and has made progress over the last announces. */
export function isMoving(
  member: Member,
  options: { readonly nowMs: number; readonly settings: HandoutSettings },
): boolean {
  return !isTimedOut(member, options) &&
    member.announcesWithoutProgress < options.settings.gatewayStallAnnounces;
}

type Verdict = "fit" | "absent" | "stalled" | "slow";

function fitness(member: Member, group: Group, options: ElectionOptions): Verdict {
  const { settings, members } = options;
  if (member.isGone || member.rank === Rank.Seed || isTimedOut(member, options)) return "absent";
  if (member.announcesWithoutProgress >= settings.gatewayStallAnnounces) return "stalled";
  // A rack is compared with the other racks of its site, which share its way in; a site with the fastest site.
  const usualRate = group.level === Level.Rack
    ? member.site?.usualBytesPerMs ?? 0
    : members.fleet.usualBytesPerMs;
  const slow = member.bytesPerMs < usualRate * settings.slowShare &&
    member.announcesAsGateway >= settings.slowAnnounces &&
    group.slowReplacements < settings.slowReplacements;
  return slow ? "slow" : "fit";
}

function holdsCopy(group: Group, options: ElectionOptions): boolean {
  if (
    group.graceUntilMs !== undefined && options.nowMs < group.graceUntilMs &&
    group.count(BucketRange.UnconfirmedSeeds) > 0
  ) return true;
  const seeds = group.end(BucketRange.ConfirmedSeeds);
  const looks = Math.min(seeds, MAX_SEEDS_LOOKED_AT);
  for (let slot = 0; slot < looks; slot++) {
    const seed = group.list[slot];
    if (seed !== undefined && !isTimedOut(seed, options)) return true;
  }
  // So many seeds have just timed out that not all of them have been moved to their bucket yet. Until they are, within a
  // second or two, the rest is taken for alive.
  return looks < seeds;
}

/** The member that should be the next gateway. Visits all leechers of the group, so only where a gateway is missing. */
function bestCandidate(
  group: Group,
  chosen: readonly Member[],
  options: ElectionOptions & {
    readonly demoted: readonly { readonly member: Member }[];
  },
): Member | undefined {
  const { asker, demoted, members } = options;
  // An unverified seed may not fetch at all. Whoever shares its address with replaced gateways comes after the others, or
  // one machine under ever new names would be every gateway in turn.
  const rankDemoted = (member: Member) =>
    members.demotionsAt(member) + Number(member.isUnverifiedSeed) +
    Number(demoted.some((one) => one.member === member));
  const isCandidate = (member: Member) =>
    member.rank !== Rank.Seed && !chosen.includes(member) && !isTimedOut(member, options);
  let best: Member | undefined;
  const end = group.end(BucketRange.Leechers);
  for (let slot = group.begin(BucketRange.Leechers); slot < end; slot++) {
    const member = group.list[slot];
    if (member === undefined || !isCandidate(member)) continue;
    if (best === undefined) best = member;
    const order = rankDemoted(member) - rankDemoted(best) ||
      compareLeft(member, best) || member.arrival - best.arrival;
    if (order < 0) best = member;
  }
  if (asker === undefined || best === undefined || asker === best) return best;
  const isNear = asker.leftBytes <= best.leftBytes + members.largestLeftBytes * ASKER_HANDICAP;
  const isMember = asker.groups[group.level] === group && !asker.isGone;
  return isMember && isCandidate(asker) && isNear && rankDemoted(asker) <= rankDemoted(best)
    ? asker
    : best;
}

function compareLeft(left: Member, right: Member): number {
  // Not a difference: two that did not say are both at infinity.
  if (left.leftBytes === right.leftBytes) return 0;
  return left.leftBytes < right.leftBytes ? -1 : 1;
}
