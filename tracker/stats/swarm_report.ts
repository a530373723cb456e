/**
 * Reports how a release spreads, from what the tracker knows: copies per site and rack, bytes that crossed borders beside
 * the least possible, gateways, and which peers are slow and why. A report visits every member.
 */

import { type HandoutSettings, importersOf, isTimedOut } from "../handout/mod.ts";
import { type Group, type Member, Rank } from "../members/mod.ts";
import { findSlowPeers, type SlowPeer } from "./slow_peers.ts";
import type { Swarm } from "../swarm/mod.ts";

/** One rack or site. Bytes are what its members say they received. */
export interface GroupReport {
  readonly name: string;
  /** All peers in it. */
  readonly peers: number;
  /** Peers that hold the whole content. */
  readonly copies: number;
  /** The share of the content that its peers hold on the average, 0 to 1. */
  readonly progress: number;
  /** "host (address)" of each that brings something in: gateways, and owners of stripes. */
  readonly gateways: readonly string[];
  /** What came in across its border. */
  readonly receivedBytes: number;
  /** The least that can have come in: what its most complete peer holds; 0 if a peer came with a copy. */
  readonly leastBytes: number;
}

/** A site and its racks. */
export interface SiteReport extends GroupReport {
  readonly racks: readonly GroupReport[];
  /** Racks that are not listed, since they would be too many; missing if all are. */
  readonly moreRacks?: number;
}

/** Bytes across all borders of one kind, beside the least possible so far. */
export interface BorderReport {
  readonly bytes: number;
  readonly leastBytes: number;
  /** `bytes` to `leastBytes`; undefined while nothing had to cross. */
  readonly ratio: number | undefined;
}

/** What is reported of one release's swarm. */
export interface SwarmReport {
  /** 40 hexadecimal digits. */
  readonly infoHash: string;
  /** "service version", if the tracker knows it. */
  readonly name: string | undefined;
  readonly seeds: number;
  readonly leechers: number;
  /**
   * The leechers that say they hold everything while nothing confirms it: seeds that nobody has received anything from
   * yet, or clients that have only a magnet link.
   */
  readonly unverifiedSeeds: number;
  /** The share of the content that all peers hold on the average, 0 to 1. */
  readonly progress: number;
  /** Peers that came without the whole content and have received it. */
  readonly completed: number;
  /** The most that a peer had to fetch; undefined as long as all have had everything. */
  readonly sizeBytes: number | undefined;
  /** Whether peers say what they receive; without it bytes are zero. */
  readonly hasTraffic: boolean;
  /** Received within racks. */
  readonly insideRacksBytes: number;
  readonly acrossSites: BorderReport;
  /** Into racks, from wherever. */
  readonly acrossRacks: BorderReport;
  readonly sites: readonly SiteReport[];
  /** Peers whose location nobody knows. */
  readonly strangers: number;
  /** "host (address)" of each gateway of a site or rack. */
  readonly gateways: readonly string[];
  /** How many gateways were replaced because they stalled or were slow. */
  readonly replacedGateways: number;
  /** At most 20 slow peers, those that lack most first. */
  readonly slow: readonly SlowPeer[];
}

/** What a report is based on. */
export interface ReportOptions {
  readonly settings: HandoutSettings;
  readonly nowMs: number;
  /** "service version". Default: not known. */
  readonly name?: string | undefined;
  /** How many racks are listed, the largest sites' first; the others are only counted. Default: all that a swarm has. */
  readonly maxRacks?: number | undefined;
}

/** The report on one swarm. */
export function reportOn(swarm: Swarm, options: ReportOptions): SwarmReport {
  const { members, traffic } = swarm;
  const sizeBytes = members.largestLeftBytes;
  const all = [...members.fleet.children.values()].map((site) => ({
    ...groupReport(site, sizeBytes),
    racks: [...site.children.values()].map((rack) => groupReport(rack, sizeBytes)).sort(byName),
  })).sort(byName);
  const racks = all.flatMap((site) => site.racks);
  const sites = limitRacks(all, options.maxRacks ?? Infinity);
  return {
    infoHash: swarm.infoHash,
    name: options.name,
    seeds: swarm.complete,
    leechers: swarm.incomplete,
    unverifiedSeeds:
      members.fleet.list.filter(({ isUnverifiedSeed: isUnverifiedSeed }) => isUnverifiedSeed)
        .length,
    progress: groupReport(members.fleet, sizeBytes).progress,
    completed: swarm.completed,
    sizeBytes: sizeBytes > 0 ? sizeBytes : undefined,
    hasTraffic: traffic.isReported,
    insideRacksBytes: traffic.total.rackBytes,
    acrossSites: borderReport(all),
    acrossRacks: borderReport(racks),
    sites,
    strangers: members.unlocated.size,
    gateways: [
      ...new Set([...sites, ...sites.flatMap((site) => site.racks)].flatMap((one) => one.gateways)),
    ],
    replacedGateways: swarm.replacedGateways,
    slow: findSlowPeers(members, { ...options, isTimedOut: (one) => isTimedOut(one, options) }),
  };
}

/** The sites with as many racks as may be listed; the largest sites list theirs first. */
function limitRacks(sites: readonly SiteReport[], maxRacks: number): SiteReport[] {
  let left = maxRacks;
  const listed = new Map(
    sites.toSorted((one, other) => other.peers - one.peers).map((site) => {
      const count = Math.min(left, site.racks.length);
      left -= count;
      return [site, count];
    }),
  );
  return sites.map((site) => {
    const moreRacks = site.racks.length - listed.get(site)!;
    return moreRacks === 0
      ? site
      : { ...site, racks: site.racks.slice(0, listed.get(site)), moreRacks };
  });
}

/** A member as reports name it: "host (address)". */
export function describeMember(member: Member): string {
  return `${member.host ?? "unnamed"} (${member.key})`;
}

function groupReport(group: Group, sizeBytes: number): GroupReport {
  let [held, wanted] = [0, 0];
  for (const member of group.list) {
    const own = member.rank === Rank.Seed ? sizeBytes : Math.max(0, sizeBytes - member.leftBytes);
    held += own;
    wanted += sizeBytes;
  }
  return {
    name: group.name,
    peers: group.size,
    copies: group.seeds,
    progress: wanted > 0 ? held / wanted : Number(group.seeds > 0),
    gateways: importersOf(group).map(describeMember),
    receivedBytes: group.receivedBytes,
    leastBytes: group.hasInitialSeed ? 0 : group.mostHeldBytes,
  };
}

function borderReport(groups: readonly GroupReport[]): BorderReport {
  let [bytes, leastBytes] = [0, 0];
  for (const group of groups) {
    bytes += group.receivedBytes;
    leastBytes += group.leastBytes;
  }
  return { bytes, leastBytes, ratio: leastBytes > 0 ? bytes / leastBytes : undefined };
}

function byName(left: GroupReport, right: GroupReport): number {
  return left.name.localeCompare(right.name, "en", { numeric: true });
}
