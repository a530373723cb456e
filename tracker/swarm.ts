/**
 * One release's swarm on the tracker: takes announces in, keeps the members, and answers with what
 * `selection.ts` chooses. In place of the library's cache of peers, which drops the living beyond a
 * thousand, members leave when they say so or stay silent for several of their own intervals.
 */

import { Buffer } from "node:buffer";
import Server from "bittorrent-tracker/server";
import type {
  AnnounceAnswer,
  AnnounceParams,
  BaseServerConstructor,
  Callback,
} from "./bittorrent_tracker_types.ts";
import type { Clock } from "./clock.ts";
import { electGateways, type Gateways, noGateways } from "./gateways.ts";
import type { Log } from "./log.ts";
import { type Member, Members, type Place } from "./members.ts";
import type { Policy } from "./policy.ts";
import type { Random } from "./random.ts";
import { selectPeers } from "./selection.ts";
import type { SubnetMap } from "./subnet_map.ts";

/** More hosts than a fleet has; a stranger who announces more is refused, nobody is pushed out. */
const MAX_MEMBERS = 50_000;
/** Of a host's, site's or rack's name. */
const MAX_NAME_LENGTH = 128;
/** Announces that come faster than that part of the interval do not count as chances to progress. */
const COUNTED_PART = 0.5;
/** How often silent members are looked for, at most: it visits all of them. */
const SWEEP_INTERVAL_MS = 5000;
/** Mismatches between a peer and the subnet map that are remembered, so as to log each once. */
const MAX_LOGGED_MISMATCHES = 1000;

// The package has no types; `bittorrent_tracker_types.ts` describes what is used of it.
const { Swarm: BaseSwarm } = Server as unknown as BaseServerConstructor;

/** What a swarm needs of its tracker. */
export interface SwarmOptions {
  readonly policy: Policy;
  readonly subnets: SubnetMap;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** A swarm at a glance. */
export interface SwarmStats {
  readonly infoHash: string;
  readonly seeds: number;
  readonly leechers: number;
  /** Members, and how many of them hold a copy, by site. */
  readonly sites: Readonly<Record<string, { members: number; seeds: number }>>;
  /** "host (address)" of whoever fetches across a border. */
  readonly gateways: readonly string[];
}

/** See the file's head. */
export class LocalitySwarm extends BaseSwarm {
  readonly #infoHash: string;
  readonly #options: SwarmOptions;
  readonly #members = new Members();
  readonly #byHost = new Map<string, Member>();
  readonly #loggedMismatches = new Set<string>();
  #gateways: Gateways = noGateways;
  #arrivals = 0;
  #sweptMs: number;

  constructor(infoHash: string, options: SwarmOptions) {
    // The base's own cache of peers stays empty.
    super(infoHash, { peersCacheLength: 1 });
    this.#infoHash = infoHash;
    this.#options = options;
    this.#sweptMs = options.clock.nowMs();
  }

  /** Called by the server for every announce that its parser accepted. */
  announce(params: AnnounceParams, callback: Callback<AnnounceAnswer>): void {
    const { policy, random, clock } = this.#options;
    const nowMs = clock.nowMs();
    this.sweep(nowMs);
    const known = this.#members.get(params.addr);
    if (params.event === "stopped") {
      if (known !== undefined) this.#forget(known);
      callback(null, this.#answer([], policy.hungryIntervalMs));
      return;
    }
    if (known === undefined && this.#members.size >= MAX_MEMBERS) {
      callback(new Error(`this swarm has its ${MAX_MEMBERS} members already; ask again later`));
      return;
    }
    const member = known === undefined
      ? this.#welcome(params, nowMs)
      : this.#update(known, params, nowMs);
    this.#elect(member.place, nowMs);
    const { peers, intervalMs } = selectPeers(member, {
      members: this.#members,
      gateways: this.#gateways,
      policy,
      wanted: params.numwant,
      nowMs,
      random,
    });
    member.intervalMs = intervalMs;
    callback(null, this.#answer(peers, intervalMs));
  }

  /** Called by the server for a scrape. */
  scrape(_params: unknown, callback: Callback<{ complete: number; incomplete: number }>): void {
    callback(null, { complete: this.complete, incomplete: this.incomplete });
  }

  /** Forgets whoever was silent too long. True if nobody is left. */
  sweep(nowMs: number): boolean {
    if (nowMs - this.#sweptMs >= SWEEP_INTERVAL_MS) {
      this.#sweptMs = nowMs;
      const { forgottenIntervals } = this.#options.policy;
      for (const member of this.#members.everybody.members) {
        if (nowMs - member.lastSeenMs > member.intervalMs * forgottenIntervals) {
          this.#forget(member);
        }
      }
    }
    return this.#members.size === 0;
  }

  stats(): SwarmStats {
    const sites: Record<string, { members: number; seeds: number }> = {};
    for (const site of this.#members.siteNames) {
      const group = this.#members.site({ site, rack: "" });
      sites[site] = { members: group.members.size, seeds: group.seeds.size };
    }
    const gateways = new Set(
      [...this.#gateways.bySite.values(), ...this.#gateways.byRack.values()].flat(),
    );
    return {
      infoHash: this.#infoHash,
      seeds: this.complete,
      leechers: this.incomplete,
      sites,
      gateways: [...gateways].map((member) => `${member.host ?? "unnamed"} (${member.key})`),
    };
  }

  #welcome(params: AnnounceParams, nowMs: number): Member {
    const host = readName(params["host"]);
    const hostKey = host === undefined ? undefined : `${params.ip} ${host}`;
    // A host that was killed comes back on another port: its former self is gone.
    const former = hostKey === undefined ? undefined : this.#byHost.get(hostKey);
    if (former !== undefined) this.#forget(former);
    const member: Member = {
      key: params.addr,
      ip: params.ip,
      port: params.port,
      peerId: params.peer_id,
      host,
      place: this.#placeOf(params),
      arrival: this.#arrivals++,
      leftBytes: readLeft(params.left),
      announcesWithoutProgress: 0,
      demotions: 0,
      lastSeenMs: nowMs,
      intervalMs: this.#options.policy.hungryIntervalMs,
    };
    this.#members.add(member);
    if (hostKey !== undefined) this.#byHost.set(hostKey, member);
    this.#count();
    return member;
  }

  #update(member: Member, params: AnnounceParams, nowMs: number): Member {
    const leftBytes = readLeft(params.left);
    if (leftBytes < member.leftBytes) member.announcesWithoutProgress = 0;
    else if (nowMs - member.lastSeenMs >= member.intervalMs * COUNTED_PART) {
      member.announcesWithoutProgress++;
    }
    this.#members.setLeft(member, leftBytes);
    member.lastSeenMs = nowMs;
    this.#count();
    return member;
  }

  #forget(member: Member): void {
    this.#members.remove(member);
    const hostKey = `${member.ip} ${member.host}`;
    if (this.#byHost.get(hostKey) === member) this.#byHost.delete(hostKey);
    this.#count();
    this.#elect(member.place, this.#options.clock.nowMs());
  }

  #elect(place: Place | undefined, nowMs: number): void {
    if (place === undefined) return;
    const election = electGateways(place, {
      members: this.#members,
      former: this.#gateways,
      policy: this.#options.policy,
      nowMs,
    });
    this.#gateways = election.gateways;
    for (const member of election.demoted) {
      member.demotions++;
      this.#options.log.debug("gateway {member} of {infoHash} stalled and is replaced", {
        member: member.key,
        infoHash: this.#infoHash,
      });
    }
    for (const member of election.elected) member.announcesWithoutProgress = 0;
  }

  #placeOf(params: AnnounceParams): Place | undefined {
    const site = readName(params["site"]);
    const rack = readName(params["rack"]);
    const told = site === undefined || rack === undefined ? undefined : { site, rack };
    const mapped = this.#options.subnets.placeOf(params.ip);
    if (mapped === undefined) return told;
    const differs = told !== undefined && (told.site !== mapped.site || told.rack !== mapped.rack);
    if (
      differs && !this.#loggedMismatches.has(params.ip) &&
      this.#loggedMismatches.size < MAX_LOGGED_MISMATCHES
    ) {
      this.#loggedMismatches.add(params.ip);
      this.#options.log.warn("{ip} says it is in {told}, the subnet map says {mapped}", {
        ip: params.ip,
        told: `${told.site}/${told.rack}`,
        mapped: `${mapped.site}/${mapped.rack}`,
      });
    }
    return mapped;
  }

  #count(): void {
    this.complete = this.#members.everybody.seeds.size;
    this.incomplete = this.#members.size - this.complete;
  }

  #answer(peers: readonly Member[], intervalMs: number): AnnounceAnswer {
    return {
      complete: this.complete,
      incomplete: this.incomplete,
      interval: Math.max(1, Math.round(intervalMs / 1000)),
      "min interval": Math.max(1, Math.round(this.#options.policy.hungryIntervalMs / 1000)),
      peers: peers.map(({ ip, port, peerId }) => ({ ip, port, peerId })),
    };
  }
}

/** What is left to fetch; nonsense counts as "did not say". */
function readLeft(left: number): number {
  return left >= 0 ? left : Infinity;
}

/** A name from a query, whose bytes the parser has left as one character each. */
function readName(value: unknown): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  const name = Buffer.from(value, "latin1").toString("utf8");
  return name.length <= MAX_NAME_LENGTH ? name : undefined;
}
