/** Finds which peers of a swarm are slow, and explains why in words for an operator. */

import { type Member, type Members, Rank } from "../members/mod.ts";
import { type HandoutSettings, importersOf } from "../handout/mod.ts";

/** Slow peers in a report; more than that nobody reads. */
const MAX_SLOW = 20;
/** A peer slower than this share of the usual rate of its rack is slow. */
const SLOW_SHARE = 0.5;
/** With fewer leechers a rack has no usual rate. */
const MIN_RATES = 3;

/** One peer that is slow. */
export interface SlowPeer {
  readonly host: string | undefined;
  readonly address: string;
  readonly site: string | undefined;
  readonly rack: string | undefined;
  /** Still to fetch; undefined if the peer does not say. */
  readonly leftBytes: number | undefined;
  readonly bytesPerSecond: number;
  /** The reason, in words for an operator. */
  readonly why: string;
}

/** What the explanations are based on. */
export interface SlowPeerOptions {
  readonly settings: HandoutSettings;
  readonly nowMs: number;
  readonly isTimedOut: (member: Member) => boolean;
}

/** The slow peers, at most 20, those that lack most first. Only those are looked into: all of them would be too many. */
export function findSlowPeers(members: Members, options: SlowPeerOptions): SlowPeer[] {
  const usualRates = new Map<unknown, number>();
  const usualOf = (member: Member) => {
    let usual = usualRates.get(member.rack);
    if (usual === undefined) usualRates.set(member.rack, usual = usualRate(member));
    return usual;
  };
  const slow = members.fleet.list.filter((member) =>
    // A peer that may hold everything need not make progress.
    member.rank !== Rank.Seed && !member.isUnverifiedSeed && isSlow(member, usualOf, options)
  );
  slow.sort((left, right) => compareLeft(right, left));
  return slow.slice(0, MAX_SLOW).map((member) => ({
    host: member.host,
    address: member.key,
    site: member.location?.site,
    rack: member.location?.rack,
    leftBytes: Number.isFinite(member.leftBytes) ? member.leftBytes : undefined,
    bytesPerSecond: Math.round(member.bytesPerMs * 1000),
    why: explain(member, usualOf(member), options),
  }));
}

function isSlow(
  member: Member,
  usualOf: (member: Member) => number,
  { settings, isTimedOut }: SlowPeerOptions,
): boolean {
  if (isTimedOut(member)) return true;
  const { announcesWithoutProgress, bytesPerMs } = member;
  if (announcesWithoutProgress >= settings.starvingAnnounces) return true;
  return announcesWithoutProgress === 0 && bytesPerMs > 0 &&
    bytesPerMs < usualOf(member) * SLOW_SHARE;
}

function explain(member: Member, usualBytesPerMs: number, options: SlowPeerOptions): string {
  const { settings, nowMs, isTimedOut } = options;
  if (isTimedOut(member)) {
    return `silent for ${Math.round((nowMs - member.lastSeenMs) / 1000)} s: down, or cut off`;
  }
  const { announcesWithoutProgress, rack } = member;
  if (announcesWithoutProgress < settings.starvingAnnounces) {
    return `fetches at ${rate(member.bytesPerMs)}, its rack at ${rate(usualBytesPerMs)}: ` +
      "its link, disk or load";
  }
  const standstill = `no progress over ${announcesWithoutProgress} announces`;
  if (rack === undefined) return `${standstill}; where it stands is not known`;
  const importers = importersOf(rack);
  const gateway = importers.find((one) => one.announcesWithoutProgress > 0) ?? importers[0];
  if (importers.includes(member)) {
    return `${standstill}; it is its rack's gateway, and its ${member.helpers.length} helpers give nothing`;
  }
  if (rack.list.some((one) => one.rank !== Rank.Empty && hasMore(one, member))) {
    return `${standstill}, though its rack holds what it lacks: its disk, or a firewall between`;
  }
  if (gateway === undefined) return `${standstill}; its rack has no gateway that announces`;
  return `${standstill}; waits for its rack's gateway ${gateway.host ?? gateway.key}` +
    (gateway.announcesWithoutProgress > 0 ? ", which makes none either" : "");
}

function hasMore(other: Member, member: Member): boolean {
  return other.rank === Rank.Seed || other.leftBytes < member.leftBytes;
}

/** The median rate of the leechers of its rack; 0 if there are too few. */
function usualRate({ rack }: Member): number {
  if (rack === undefined) return 0;
  const rates = rack.list.filter(({ rank, bytesPerMs }) => rank !== Rank.Seed && bytesPerMs > 0)
    .map(({ bytesPerMs }) => bytesPerMs).sort((left, right) => left - right);
  return rates.length < MIN_RATES ? 0 : rates[rates.length >> 1] ?? 0;
}

function compareLeft(left: Member, right: Member): number {
  if (left.leftBytes === right.leftBytes) return 0;
  return left.leftBytes < right.leftBytes ? -1 : 1;
}

function rate(bytesPerMs: number): string {
  return `${(bytesPerMs / 1000).toFixed(1)} MB/s`;
}
