/** Who of a swarm is slow, and why, in words for an operator. */

import { type Member, type Members, Rank } from "../members/members.ts";
import type { HandoutSettings } from "../handout/handout_settings.ts";

/** More than anybody reads. */
const MAX_SLOW = 20;
/** Slower than that part of what its rack usually does. */
const SLOW_PART = 0.5;
/** Fewer peers of a rack that fetch have no usual rate. */
const MIN_PACERS = 3;

/** One peer that is slow. */
export interface SlowPeer {
  readonly host: string | undefined;
  readonly address: string;
  readonly site: string | undefined;
  readonly rack: string | undefined;
  /** Undefined if it does not say. */
  readonly leftBytes: number | undefined;
  readonly bytesPerSecond: number;
  readonly why: string;
}

/** What the explanation goes by. */
export interface SlowPeerOptions {
  readonly policy: HandoutSettings;
  readonly nowMs: number;
  readonly isSilent: (member: Member) => boolean;
}

/** The slow ones, those that lack most first. */
export function explainSlowPeer(members: Members, options: SlowPeerOptions): SlowPeer[] {
  const paces = new Map<unknown, number>();
  const found: { member: Member; why: string }[] = [];
  for (const member of members.fleet.list) {
    // Who may hold everything need not make progress.
    if (member.rank === Rank.Seed || member.claimsCopy) continue;
    let pace = paces.get(member.rack);
    if (pace === undefined) paces.set(member.rack, pace = usualRate(member));
    const why = explain(member, pace, options);
    if (why !== undefined) found.push({ member, why });
  }
  found.sort((left, right) => compareLeft(right.member, left.member));
  return found.slice(0, MAX_SLOW).map(({ member, why }) => ({
    host: member.host,
    address: member.key,
    site: member.place?.site,
    rack: member.place?.rack,
    leftBytes: Number.isFinite(member.leftBytes) ? member.leftBytes : undefined,
    bytesPerSecond: Math.round(member.bytesPerMs * 1000),
    why,
  }));
}

function explain(member: Member, pace: number, options: SlowPeerOptions): string | undefined {
  const { policy, nowMs, isSilent } = options;
  if (isSilent(member)) {
    return `silent for ${Math.round((nowMs - member.lastSeenMs) / 1000)} s: down, or cut off`;
  }
  const { announcesWithoutProgress, rack } = member;
  if (announcesWithoutProgress < policy.starvingAnnounces) {
    return member.bytesPerMs < pace * SLOW_PART && announcesWithoutProgress === 0 &&
        member.bytesPerMs > 0
      ? `fetches at ${rate(member.bytesPerMs)}, its rack at ${rate(pace)}: its link, disk or load`
      : undefined;
  }
  const standstill = `no progress over ${announcesWithoutProgress} announces`;
  if (rack === undefined) return `${standstill}; where it stands is not known`;
  const gateway = rack.gateways[0];
  if (gateway === member) {
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

/** The median of those of its rack that fetch. */
function usualRate({ rack }: Member): number {
  if (rack === undefined) return 0;
  const rates = rack.list.filter(({ rank, bytesPerMs }) => rank !== Rank.Seed && bytesPerMs > 0)
    .map(({ bytesPerMs }) => bytesPerMs).sort((left, right) => left - right);
  return rates.length < MIN_PACERS ? 0 : rates[rates.length >> 1] ?? 0;
}

function compareLeft(left: Member, right: Member): number {
  if (left.leftBytes === right.leftBytes) return 0;
  return left.leftBytes < right.leftBytes ? -1 : 1;
}

function rate(bytesPerMs: number): string {
  return `${(bytesPerMs / 1000).toFixed(1)} MB/s`;
}
