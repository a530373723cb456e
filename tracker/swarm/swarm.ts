/**
 * One release's swarm on the tracker: takes announces in, keeps the members, and answers with what
 * `peer_selection.ts` chooses. Members leave when they say so or stay silent for several of their own
 * intervals; a full swarm refuses whoever is new, it pushes nobody out.
 */

import type { RackLocation } from "../../base/locality.ts";
import type { Announce, Answer, Refusal } from "../members/announce.ts";
import { hasBrought, standingOf } from "../members/unverified_seeds.ts";
import type { MonotonicClock } from "../../base/clock.ts";
import {
  applyElection,
  electGateways,
  measurePace,
  patienceMs,
} from "../handout/gateway_election.ts";
import type { Log } from "../../base/log.ts";
import { Member, Members, Rank } from "../members/members.ts";
import type { HandoutSettings } from "../handout/handout_settings.ts";
import type { Random } from "../../base/random.ts";
import { isGateway, type Selection, selectPeers } from "../handout/peer_selection.ts";
import { MemberTimeouts } from "./member_timeouts.ts";
import type { SubnetMap } from "../members/subnet_map.ts";
import { Traffic } from "./traffic.ts";

/** More hosts than a fleet has. */
const MAX_MEMBERS = 50_000;
/** One machine's containers, or hosts behind one address; a stranger with one machine fills no swarm. */
const MAX_MEMBERS_PER_ADDRESS = 2_000;
/** Announces that come faster than that part of the interval do not count as chances to progress. */
const COUNTED_PART = 0.5;
/** How much the last announce counts in a member's rate. */
const RATE_WEIGHT = 0.5;
/** How often the usual rates are measured: it visits all racks. */
const PACE_INTERVAL_MS = 5000;
/**
 * With each announce so many members are looked at that may have fallen silent, and more the longer the
 * last announce is ago. A member is due once in several announces of its own, and a fleet that falls
 * silent at once is through within seconds; each look takes a microsecond at most, so it is a few
 * hundredths of the time.
 */
const LOOKS_PER_ANNOUNCE = 16;
const LOOKS_PER_MS = 16;
/** Mismatches between a peer and the subnet map that are remembered, so as to log each once. */
const MAX_LOGGED_MISMATCHES = 1000;

/** What a swarm needs of its tracker. */
export interface SwarmOptions {
  readonly policy: HandoutSettings;
  readonly subnets: SubnetMap;
  readonly clock: MonotonicClock;
  readonly random: Random;
  readonly log: Log;
}

/** See the file's head. */
export class Swarm {
  /** 40 hexadecimal digits. */
  readonly infoHash: string;
  readonly members: Members;
  readonly traffic = new Traffic();
  readonly #options: SwarmOptions;
  readonly #byHost = new Map<string, Member>();
  readonly #perAddress = new Map<string, number>();
  readonly #loggedMismatches = new Set<string>();
  /** Gateways that were replaced since the swarm began. */
  replacedGateways = 0;
  readonly #silence: MemberTimeouts;
  #completed = 0;
  #advancedMs: number;
  #pacedMs: number;

  /** `infoHash` in 40 hexadecimal digits. */
  constructor(infoHash: string, options: SwarmOptions) {
    this.infoHash = infoHash;
    this.#options = options;
    const { policy, clock } = options;
    this.members = new Members({ maxHelped: policy.maxHelped });
    const nowMs = clock.nowMs();
    this.#advancedMs = nowMs;
    this.#pacedMs = nowMs;
    this.#silence = new MemberTimeouts(policy, nowMs, {
      onSilent: (member) => this.members.setApart(member, true),
      onForgotten: (member) => this.#forget(member),
    });
  }

  get complete(): number {
    return this.members.fleet.seeds;
  }

  get incomplete(): number {
    return this.members.size - this.members.fleet.seeds;
  }

  /** How many members came without the whole content and got it. */
  get completed(): number {
    return this.#completed;
  }

  /** Takes one announce in and answers it. */
  announce(announce: Announce): Answer | Refusal {
    const { policy, random, clock } = this.#options;
    const nowMs = clock.nowMs();
    this.#advance(nowMs);
    const key = announce.ip.includes(":")
      ? `[${announce.ip}]:${announce.port}`
      : `${announce.ip}:${announce.port}`;
    const known = this.members.get(key);
    if (announce.isStopped) {
      if (known !== undefined) {
        if (announce.received !== undefined) this.traffic.report(known, announce.received);
        this.#forget(known);
      }
      const { hungryIntervalMs: intervalMs } = policy;
      return this.#answer({ peers: [], intervalMs, minIntervalMs: intervalMs, reach: "rack" });
    }
    let member: Member;
    if (known === undefined) {
      const place = this.#placeOf(announce);
      const former = this.#formerSelf(announce);
      // A host that was killed comes back on another port: its former self is gone.
      if (former !== undefined) this.#forget(former);
      const refusal = this.#refusal(announce.ip);
      if (refusal !== undefined) return { refusal };
      member = this.#welcome(key, { announce, place, nowMs });
    } else {
      member = known;
      this.#update(member, announce, nowMs);
    }
    if (announce.received !== undefined) this.traffic.report(member, announce.received);
    for (const key of announce.lost ?? []) this.#miss(key, member);
    this.#elect(member, nowMs, member);
    const selection = selectPeers(member, {
      members: this.members,
      policy,
      wanted: announce.wanted,
      family: announce.family,
      nowMs,
      random,
    });
    member.intervalMs = selection.intervalMs;
    this.#silence.watch(member);
    this.members.setHelpers(member, selection.helpers);
    return this.#answer(selection);
  }

  /** Forgets whoever was silent too long. True if nobody is left. */
  sweep(nowMs: number): boolean {
    this.#silence.advance(nowMs, Infinity);
    return this.members.size === 0;
  }

  #advance(nowMs: number): void {
    const looks = LOOKS_PER_ANNOUNCE + LOOKS_PER_MS * (nowMs - this.#advancedMs);
    this.#advancedMs = nowMs;
    this.#silence.advance(nowMs, looks);
    if (nowMs - this.#pacedMs < PACE_INTERVAL_MS) return;
    this.#pacedMs = nowMs;
    measurePace(this.members);
  }

  #refusal(ip: string): string | undefined {
    if (this.members.size >= MAX_MEMBERS) {
      return `this swarm has its ${MAX_MEMBERS} members already; ask again later`;
    }
    if ((this.#perAddress.get(ip) ?? 0) >= MAX_MEMBERS_PER_ADDRESS) {
      return `this swarm has ${MAX_MEMBERS_PER_ADDRESS} members at ${ip} already; ask again later`;
    }
    return undefined;
  }

  #formerSelf({ ip, host }: Announce): Member | undefined {
    return host === undefined ? undefined : this.#byHost.get(`${ip} ${host}`);
  }

  #welcome(
    key: string,
    { announce, place, nowMs }: {
      announce: Announce;
      place: RackLocation | undefined;
      nowMs: number;
    },
  ): Member {
    const { ip, port, peerId, host, keepsReach } = announce;
    const intervalMs = this.#options.policy.hungryIntervalMs;
    const member = new Member({
      key,
      ip,
      port,
      peerId,
      host,
      place,
      keepsReach,
      ...standingOf(announce, { knows: false }),
      nowMs,
      intervalMs,
    });
    this.members.add(member);
    if (host !== undefined) this.#byHost.set(`${ip} ${host}`, member);
    this.#perAddress.set(ip, (this.#perAddress.get(ip) ?? 0) + 1);
    return member;
  }

  #update(member: Member, announce: Announce, nowMs: number): void {
    const knows = Number.isFinite(member.leftBytes) && member.peerId === announce.peerId;
    const standing = standingOf(announce, { knows });
    const { leftBytes } = standing;
    if (leftBytes < member.leftBytes) member.announcesWithoutProgress = 0;
    const passedMs = nowMs - member.countedMs;
    if (passedMs >= patienceMs(member, this.#options.policy) * COUNTED_PART) {
      if (leftBytes >= member.countedLeftBytes) member.announcesWithoutProgress++;
      member.announcesAsGateway++;
      const rate = Math.max(0, member.countedLeftBytes - leftBytes) / Math.max(1, passedMs);
      if (Number.isFinite(rate)) {
        member.bytesPerMs += RATE_WEIGHT * (rate - member.bytesPerMs);
      }
      member.countedMs = nowMs;
      member.countedLeftBytes = leftBytes;
    }
    if (leftBytes === 0 && member.leftBytes > 0) {
      if (member.claimsCopy && hasBrought(announce)) this.members.noteBrought(member);
      else this.#completed++;
    }
    this.members.setStanding(member, standing);
    member.lastSeenMs = nowMs;
    if (member.isApart) this.members.setApart(member, false);
  }

  #forget(member: Member): void {
    // Whoever else leaves changes nothing in who fetches for whom, and thousands may leave at once.
    const isMissed = member.rank === Rank.Seed || isGateway(member);
    this.traffic.depart(member);
    this.#silence.unwatch(member);
    this.members.remove(member);
    const hostKey = `${member.ip} ${member.host}`;
    if (this.#byHost.get(hostKey) === member) this.#byHost.delete(hostKey);
    const others = (this.#perAddress.get(member.ip) ?? 0) - 1;
    if (others > 0) this.#perAddress.set(member.ip, others);
    else this.#perAddress.delete(member.ip);
    if (isMissed) this.#elect(member, this.#options.clock.nowMs());
  }

  /**
   * A neighbour has lost a gateway: until that announces it counts as silent, and somebody else is elected at once, where
   * all behind it would wait for as long as it takes to miss its announces. Of each member that is believed once: whoever
   * says it of those that are alive cannot keep a site without gateways.
   */
  #miss(key: string, asker: Member): void {
    const member = this.members.get(key);
    if (member === undefined || member === asker || member.isApart || member.wasMissed) return;
    if (asker.site === undefined || member.site !== asker.site || !isGateway(member)) return;
    member.wasMissed = true;
    this.members.setApart(member, true);
    this.#options.log.debug("gateway {member} of {infoHash} is missed by {asker}", {
      member: member.key,
      infoHash: this.infoHash,
      asker: asker.key,
    });
    this.#elect(member, this.#options.clock.nowMs(), asker);
  }

  #elect(member: Member, nowMs: number, asker?: Member): void {
    const { policy, log } = this.#options;
    const { members } = this;
    const options = { members, policy, nowMs, ...(asker === undefined ? {} : { asker }) };
    for (const election of electGateways(member, options)) {
      applyElection(election, members);
      for (const { member, why } of election.demoted) {
        this.replacedGateways++;
        log.debug("gateway {member} of {infoHash} is replaced: {why}", {
          member: member.key,
          infoHash: this.infoHash,
          why,
        });
      }
    }
  }

  #placeOf({ ip, site, rack }: Announce): RackLocation | undefined {
    const told = site === undefined || rack === undefined ? undefined : { site, rack };
    const mapped = this.#options.subnets.placeOf(ip);
    if (mapped === undefined) return told;
    const differs = told !== undefined && (told.site !== mapped.site || told.rack !== mapped.rack);
    if (
      differs && !this.#loggedMismatches.has(ip) &&
      this.#loggedMismatches.size < MAX_LOGGED_MISMATCHES
    ) {
      this.#loggedMismatches.add(ip);
      this.#options.log.warn("{ip} says it is in {told}, the subnet map says {mapped}", {
        ip,
        told: `${told.site}/${told.rack}`,
        mapped: `${mapped.site}/${mapped.rack}`,
      });
    }
    return mapped;
  }

  #answer(selection: Omit<Selection, "helpers">): Answer {
    return {
      complete: this.complete,
      incomplete: this.incomplete,
      intervalMs: selection.intervalMs,
      minIntervalMs: selection.minIntervalMs,
      peers: selection.peers,
      reach: selection.reach,
    };
  }
}
