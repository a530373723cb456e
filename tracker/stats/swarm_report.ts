/**
 * How a release spreads, from what the tracker knows: copies per site and rack, bytes by border beside
 * the least possible, gateways, and who is slow and why. Made when it is asked for; it visits everybody.
 */

import { isSilent } from "../handout/gateway_election.ts";
import type { MemberIndex } from "../members/member_index.ts";
import { type Member, Rank } from "../members/members.ts";
import type { HandoutSettings } from "../handout/handout_settings.ts";
import { explainSlowPeer, type SlowPeer } from "./slow_peers.ts";
import type { Swarm } from "../swarm/swarm.ts";

/** One rack or site. Bytes are what its members say that they received. */
export interface PlaceReport {
  readonly name: string;
  readonly peers: number;
  /** Peers that hold the whole content. */
  readonly copies: number;
  /** What its peers hold of what they want, 0 to 1. */
  readonly progress: number;
  /** "host (address)" of whoever fetches across its border. */
  readonly gateways: readonly string[];
  /** What came in across its border. */
  readonly receivedBytes: number;
  /** The least that can have: what the furthest of its peers holds; 0 if one came with a copy. */
  readonly leastBytes: number;
}

/** A site and its racks. */
export interface SiteReport extends PlaceReport {
  readonly racks: readonly PlaceReport[];
}

/** Bytes across all borders of one kind, beside the least possible so far. */
export interface BorderReport {
  readonly bytes: number;
  readonly leastBytes: number;
  /** Undefined while nothing had to cross. */
  readonly ratio: number | undefined;
}

/** One release. */
export interface SwarmReport {
  /** 40 hexadecimal digits. */
  readonly infoHash: string;
  /** What the release is called, if the tracker was told. */
  readonly name: string | undefined;
  readonly seeds: number;
  readonly leechers: number;
  /**
   * Those of the leechers that say that they hold everything, though nothing shows it: seeds that nobody
   * has had anything from yet, or clients that have only a magnet link.
   */
  readonly claimed: number;
  /** What all peers together hold of what they want, 0 to 1. */
  readonly progress: number;
  /** Peers that came without the whole content and got it. */
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
  /** Peers whose place nobody knows. */
  readonly strangers: number;
  readonly gateways: readonly string[];
  /** Gateways that stalled or were slow, and were replaced. */
  readonly replacedGateways: number;
  /** At most 20, those that lack most first. */
  readonly slow: readonly SlowPeer[];
}

/** What a report goes by. */
export interface ReportOptions {
  readonly policy: HandoutSettings;
  readonly nowMs: number;
  /** The release's name. */
  readonly name?: string | undefined;
}

/** Reports on one swarm. */
export function reportOn(swarm: Swarm, options: ReportOptions): SwarmReport {
  const { members, traffic } = swarm;
  const sizeBytes = members.largestLeftBytes;
  const sites = [...members.fleet.parts.values()].map((site) => ({
    ...placeReport(site, sizeBytes),
    racks: [...site.parts.values()].map((rack) => placeReport(rack, sizeBytes)).sort(byName),
  })).sort(byName);
  const racks = sites.flatMap((site) => site.racks);
  return {
    infoHash: swarm.infoHash,
    name: options.name,
    seeds: swarm.complete,
    leechers: swarm.incomplete,
    claimed: members.fleet.list.filter(({ claimsCopy }) => claimsCopy).length,
    progress: placeReport(members.fleet, sizeBytes).progress,
    completed: swarm.completed,
    sizeBytes: sizeBytes > 0 ? sizeBytes : undefined,
    hasTraffic: traffic.isReported,
    insideRacksBytes: traffic.total.rackBytes,
    acrossSites: borderReport(sites),
    acrossRacks: borderReport(racks),
    sites,
    strangers: members.strangers.size,
    gateways: [...new Set([...sites, ...racks].flatMap(({ gateways }) => gateways))],
    replacedGateways: swarm.replacedGateways,
    slow: explainSlowPeer(members, { ...options, isSilent: (one) => isSilent(one, options) }),
  };
}

/** "host (address)". */
export function describeMember(member: Member): string {
  return `${member.host ?? "unnamed"} (${member.key})`;
}

function placeReport(group: MemberIndex, sizeBytes: number): PlaceReport {
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
    gateways: group.gateways.map(describeMember),
    receivedBytes: group.receivedBytes,
    leastBytes: group.beganWithCopy ? 0 : group.mostHeldBytes,
  };
}

function borderReport(places: readonly PlaceReport[]): BorderReport {
  let [bytes, leastBytes] = [0, 0];
  for (const place of places) {
    bytes += place.receivedBytes;
    leastBytes += place.leastBytes;
  }
  return { bytes, leastBytes, ratio: leastBytes > 0 ? bytes / leastBytes : undefined };
}

function byName(left: PlaceReport, right: PlaceReport): number {
  return left.name.localeCompare(right.name, "en", { numeric: true });
}
