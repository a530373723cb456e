/**
 * Who may fetch across a border: per site and per rack a small number of gateways, so that little
 * more than one copy crosses. They are elected while the group holds no complete copy, kept while
 * they make progress, and replaced when they stall, are slow, fall silent or leave. Deciding
 * (`electGateways`) is apart from doing (`applyElection`).
 */

import { BucketRange, type MemberIndex } from "../members/member_index.ts";
import { type Member, type Members, Rank } from "../members/members.ts";
import type { HandoutSettings } from "./handout_settings.ts";

/** What an election changed in one group. */
export interface Election {
  readonly group: MemberIndex;
  readonly chosen: readonly Member[];
  /** Newly elected: their count of announces without progress begins anew. */
  readonly elected: readonly Member[];
  /** Replaced because they stalled or were slow: others go before them in the next election. */
  readonly demoted: readonly { readonly member: Member; readonly why: "stalled" | "slow" }[];
}

/** What an election goes by. */
export interface ElectionOptions {
  readonly members: Members;
  readonly policy: HandoutSettings;
  readonly nowMs: number;
  /** Who announces now: elected, it knows at once, where others would hear of it an interval later. */
  readonly asker?: Member;
}

/** Who announces now may lack so much more of the content than the best, and is elected still. */
const ASKER_HANDICAP = 0.05;
/** Seeds that are silent stand apart soon: a living one is mostly the first that is looked at. */
const MAX_SEEDS_LOOKED_AT = 128;
/** Fewer rack gateways have no usual rate. */
const MIN_PACERS = 3;

/** Whether it has missed its announces, or has been missed. */
export function isSilent(
  member: Member,
  options: { readonly policy: HandoutSettings; readonly nowMs: number },
): boolean {
  if (member.isApart) return true;
  const { hungryIntervalMs, silentIntervals } = options.policy;
  const silentMs = options.nowMs - member.lastSeenMs;
  // The limit of `patienceMs`. Each answer asks for everybody in it, and the first part is nearly always false.
  return silentMs > hungryIntervalMs * silentIntervals &&
    silentMs > member.intervalMs * silentIntervals;
}

/** The interval by which it is judged: who is asked to come eagerly is not missed sooner for it. */
export function patienceMs({ intervalMs }: Member, policy: HandoutSettings): number {
  return Math.max(intervalMs, policy.hungryIntervalMs);
}

/** Elects anew in the site and rack of a member that has announced or left, where there is need. */
export function electGateways(member: Member, options: ElectionOptions): readonly Election[] {
  const { site, rack } = member;
  if (site === undefined || rack === undefined) return [];
  const { policy } = options;
  const ofSite = electIn(site, { ...options, wanted: policy.gatewaysPerSite, preferred: [] });
  const siteGateways = ofSite?.chosen ?? site.gateways;
  const ofRack = electIn(rack, {
    ...options,
    wanted: policy.gatewaysPerRack,
    // What the site's gateway brings from outside must not cross into its own rack a second time.
    preferred: siteGateways.filter((gateway) => gateway.rack === rack),
  });
  if (ofSite === undefined && ofRack === undefined) return NOTHING;
  return [ofSite, ofRack].filter((election) => election !== undefined);
}

const NOTHING: readonly Election[] = [];

/** Puts an election into effect. */
export function applyElection(election: Election, members: Members): void {
  const { group, chosen, elected, demoted } = election;
  if (group.level === 2) {
    members.racksWithGateways += Number(chosen.length > 0) - Number(group.gateways.length > 0);
  }
  group.gateways = chosen;
  for (const { member, why } of demoted) {
    member.demotions++;
    if (why === "slow") group.slowReplacements++;
  }
  for (const member of elected) {
    member.announcesWithoutProgress = 0;
    member.announcesAsGateway = 0;
  }
}

/**
 * Notes the usual rate of each site's rack gateways, and the best site's as the fleet's. To be
 * called every few seconds: it visits all gateways.
 */
export function measurePace(members: Members): void {
  let fastest = 0;
  for (const site of members.fleet.parts.values()) {
    const rates: number[] = [];
    for (const { gateways: [gateway] } of site.parts.values()) {
      if (gateway !== undefined) rates.push(gateway.bytesPerMs);
    }
    rates.sort((left, right) => left - right);
    site.paceBytesPerMs = rates.length < MIN_PACERS ? 0 : rates[rates.length >> 1] ?? 0;
    fastest = Math.max(fastest, site.paceBytesPerMs);
  }
  members.fleet.paceBytesPerMs = fastest;
}

interface GroupElectionOptions extends ElectionOptions {
  readonly wanted: number;
  readonly preferred: readonly Member[];
}

function electIn(group: MemberIndex, options: GroupElectionOptions): Election | undefined {
  const { wanted, preferred } = options;
  const current = group.gateways;
  if (group.size === 0 || holdsCopy(group, options)) {
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
  const home = group.level === 1 ? homeOf(current[0]) : undefined;
  while (chosen.length < wanted) {
    const search = { ...options, demoted };
    let next = home === undefined ? undefined : bestCandidate(home, chosen, search);
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
 * Where a site's next gateway is looked for first: in the rack of the last one. What that has brought is
 * there, and need not come from outside once more. Once only: it may be the rack's link that is slow.
 */
function homeOf(former: Member | undefined): MemberIndex | undefined {
  const rack = former?.rack;
  return rack?.list.some(({ demotions }) => demotions > 0) ? undefined : rack;
}

type Verdict = "fit" | "absent" | "stalled" | "slow";

function fitness(member: Member, group: MemberIndex, options: ElectionOptions): Verdict {
  const { policy, members } = options;
  if (member.isGone || member.rank === Rank.Seed || isSilent(member, options)) return "absent";
  if (member.announcesWithoutProgress >= policy.gatewayStallAnnounces) return "stalled";
  // A rack is compared with its site, which shares the way in; a site with the fastest one.
  const pace = group.level === 2 ? member.site?.paceBytesPerMs ?? 0 : members.fleet.paceBytesPerMs;
  const slow = member.bytesPerMs < pace * policy.slowPart &&
    member.announcesAsGateway >= policy.slowAnnounces &&
    group.slowReplacements < policy.slowReplacements;
  return slow ? "slow" : "fit";
}

function holdsCopy(group: MemberIndex, options: ElectionOptions): boolean {
  const seeds = group.end(BucketRange.Seeds);
  const looks = Math.min(seeds, MAX_SEEDS_LOOKED_AT);
  for (let slot = 0; slot < looks; slot++) {
    const seed = group.list[slot];
    if (seed !== undefined && !isSilent(seed, options)) return true;
  }
  // So many have just fallen silent that they do not all stand apart yet; until they do, within a second
  // or two, the rest are believed.
  return looks < seeds;
}

/** Visits all of the group that are not silent: only where a gateway is missing. */
function bestCandidate(
  group: MemberIndex,
  chosen: readonly Member[],
  options: ElectionOptions & {
    readonly demoted: readonly { readonly member: Member }[];
  },
): Member | undefined {
  const { asker, demoted, members } = options;
  // Who only says that it holds everything may not fetch at all.
  const rankDemoted = (member: Member) =>
    member.demotions + Number(member.claimsCopy) +
    Number(demoted.some((one) => one.member === member));
  const isCandidate = (member: Member) =>
    member.rank !== Rank.Seed && !chosen.includes(member) && !isSilent(member, options);
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
