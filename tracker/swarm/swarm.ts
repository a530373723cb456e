/**
 * One release's swarm on the tracker: accepts announces, keeps the members, and answers with the peers that
 * `peer_selection.ts` chooses. Members leave when they say so or miss several of their announces; a full swarm refuses new
 * members and removes none.
 */

import { addressKey, formatAddress, isLoopback } from "../../base/ip_address.ts";
import type { RackLocation } from "../../base/locality.ts";
import {
  type Announce,
  type Answer,
  isInitialSeed,
  Member,
  Members,
  Rank,
  type Refusal,
  reportedProgress,
  type SubnetMap,
} from "../members/mod.ts";
import type { MonotonicClock } from "../../base/clock.ts";
import {
  applyElection,
  claimStripes,
  dealStripes,
  type DealtDuty,
  effectiveIntervalMs,
  electGateways,
  graceUnconfirmed,
  type HandoutSettings,
  isGateway,
  measureUsualRates,
  ownsStripes,
  type Selection,
  selectPeers,
} from "../handout/mod.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import { asReachedAt, findNamed, ownAddressFor } from "./own_machine.ts";
import { FullAddresses } from "./full_addresses.ts";
import { MemberTimeouts } from "./member_timeouts.ts";
import { Traffic } from "./traffic.ts";

/** More hosts than a fleet has. */
const MAX_MEMBERS = 50_000;
/**
 * Members of one release at one address: room for one machine's containers. One machine must not be most of a swarm; where
 * many hosts are behind one address (NAT), the subnet map says so.
 */
const MAX_MEMBERS_PER_ADDRESS = 32;
/** The same on loopback: whoever is there has this machine anyway, and whole fleets are tried out there. */
const MAX_MEMBERS_ON_LOOPBACK = 2_000;
/** An announce after less than this share of the interval does not count as one that could have shown progress. */
const COUNTED_SHARE = 0.5;
/** The weight of the last announce in a member's smoothed rate. */
const RATE_WEIGHT = 0.5;
/** How often the usual rates are measured, which visits all racks. */
const RATES_INTERVAL_MS = 5000;
/**
 * With each announce at most this many members are looked at that may have timed out, and more the longer the last announce
 * is ago. A member is due once in several announces of its own, and a fleet that disappears at once is through within
 * seconds. Each look takes a microsecond at most, a few hundredths of the time.
 */
const LOOKS_PER_ANNOUNCE = 16;
const LOOKS_PER_MS = 16;
/** Peers that contradict the subnet map and are remembered, to log each only once. */
const MAX_LOGGED_MISMATCHES = 1000;
/** So many peers of one release at an address are told: a machine has an agent, and few others on it fetch or seed. */
const MANY_AT_ADDRESS = 8;

/** What a swarm needs from its tracker. */
export interface SwarmOptions {
  readonly settings: HandoutSettings;
  readonly subnets: SubnetMap;
  readonly clock: MonotonicClock;
  readonly random: Random;
  readonly log: Log;
  /** This machine's address for others, if the operator has said it. Default: where each of them reaches it. */
  readonly publicAddress?: string | undefined;
}

/** One release's swarm. */
export class Swarm {
  /** 40 hexadecimal digits. */
  readonly infoHash: string;
  readonly members: Members;
  readonly traffic = new Traffic();
  readonly #options: SwarmOptions;
  readonly #byHost = new Map<string, Member>();
  readonly #perAddress = new Map<string, number>();
  readonly #loggedMismatches = new Set<string>();
  readonly #fullAddresses: FullAddresses;
  /** The number of gateways that were replaced because they stalled or were slow. */
  replacedGateways = 0;
  readonly #timeouts: MemberTimeouts;
  #completed = 0;
  #advancedMs: number;
  #ratesMeasuredMs: number;

  /** `infoHash` in 40 hexadecimal digits. */
  constructor(infoHash: string, options: SwarmOptions) {
    this.infoHash = infoHash;
    this.#options = options;
    const { settings, clock } = options;
    this.#fullAddresses = new FullAddresses(options.log);
    this.members = new Members({ maxHelped: settings.maxHelped });
    const nowMs = clock.nowMs();
    this.#advancedMs = nowMs;
    this.#ratesMeasuredMs = nowMs;
    this.#timeouts = new MemberTimeouts(settings, nowMs, {
      onTimeout: (member) => this.members.setTimedOut(member, true),
      onForget: (member) => this.#forget(member),
    });
  }

  /** The number of seeds. */
  get complete(): number {
    return this.members.fleet.seeds;
  }

  /** The number of leechers. */
  get incomplete(): number {
    return this.members.size - this.members.fleet.seeds;
  }

  /** How many members came without the whole content and got it. */
  get completed(): number {
    return this.#completed;
  }

  /** Accepts one announce and answers it. */
  announce(announce: Announce): Answer | Refusal {
    const { settings, random, clock } = this.#options;
    const nowMs = clock.nowMs();
    this.#advance(nowMs);
    const key = formatAddress(announce.ip, announce.port);
    const known = this.members.get(key);
    if (announce.isStopped) {
      if (known !== undefined) {
        if (announce.received !== undefined) this.traffic.report(known, announce.received);
        this.#forget(known);
      }
      const { hungryIntervalMs: intervalMs } = settings;
      return this.#answer({ peers: [], intervalMs, minIntervalMs: intervalMs, reach: "rack" });
    }
    let member: Member;
    if (known === undefined) {
      const location = this.#locationOf(announce);
      const former = this.#formerMemberOf(announce);
      // A host whose process was killed comes back on another port: what it was before is gone.
      if (former !== undefined) this.#forget(former);
      const refusal = this.#refusal(announce.ip);
      if (refusal !== undefined) return { refusal };
      member = this.#addMember(key, { announce, location, nowMs });
    } else {
      member = known;
      this.#update(member, announce, nowMs);
    }
    if (announce.received !== undefined) this.traffic.report(member, announce.received);
    const ownAddress = ownAddressFor(announce, this.#options.publicAddress);
    const find = (key: string) => findNamed(this.members, key, ownAddress);
    for (const key of announce.lost ?? []) this.#onLost(find(key), member);
    if (announce.sources !== undefined) this.#onSources(announce.sources.map(find), member);
    if (known === undefined) claimStripes(member, announce.stripes ?? []);
    const dealt = this.#deal(member, nowMs);
    const duty = member.obeysStripes ? dealt : undefined;
    this.#elect(member, nowMs, member);
    const selection = selectPeers(member, {
      members: this.members,
      settings,
      duty,
      wanted: announce.wanted,
      family: announce.family,
      nowMs,
      random,
    });
    member.intervalMs = selection.intervalMs;
    this.#timeouts.watch(member);
    this.members.setHelpers(member, selection.helpers);
    const answer = this.#answer(
      ownAddress === undefined
        ? selection
        : { ...selection, peers: asReachedAt(selection.peers, ownAddress) },
    );
    return duty === undefined ? answer : { ...answer, duty };
  }

  /** Forgets all members that have not announced for too long; returns whether the swarm is empty. */
  sweep(nowMs: number): boolean {
    this.#timeouts.advance(nowMs, Infinity);
    return this.members.size === 0;
  }

  #advance(nowMs: number): void {
    const looks = LOOKS_PER_ANNOUNCE + LOOKS_PER_MS * (nowMs - this.#advancedMs);
    this.#advancedMs = nowMs;
    this.#timeouts.advance(nowMs, looks);
    if (nowMs - this.#ratesMeasuredMs < RATES_INTERVAL_MS) return;
    this.#ratesMeasuredMs = nowMs;
    measureUsualRates(this.members);
  }

  #refusal(ip: string): string | undefined {
    if (this.members.size >= MAX_MEMBERS) {
      return `this release has its ${MAX_MEMBERS} peers already; ask again later`;
    }
    const address = addressKey(ip);
    const limit = this.#limitAt(ip);
    if ((this.#perAddress.get(address) ?? 0) < limit) return undefined;
    return this.#fullAddresses.refuse(address, {
      what: `${limit} peers of release ${this.infoHash} have announced from ${ip}`,
      option: "peersPerAddress",
    });
  }

  #limitAt(ip: string): number {
    if (isLoopback(ip)) return MAX_MEMBERS_ON_LOOPBACK;
    return this.#options.subnets.peersPerAddress(ip) ?? MAX_MEMBERS_PER_ADDRESS;
  }

  #formerMemberOf({ ip, host }: Announce): Member | undefined {
    return host === undefined ? undefined : this.#byHost.get(`${ip} ${host}`);
  }

  #addMember(
    key: string,
    { announce, location, nowMs }: {
      announce: Announce;
      location: RackLocation | undefined;
      nowMs: number;
    },
  ): Member {
    const { ip, port, peerId, host, keepsReach } = announce;
    const intervalMs = this.#options.settings.hungryIntervalMs;
    const member = new Member({
      key,
      ip,
      port,
      peerId,
      host,
      location,
      keepsReach,
      obeysStripes: announce.stripes !== undefined && keepsReach,
      ...reportedProgress(announce, { knows: false }),
      nowMs,
      intervalMs,
    });
    this.members.add(member);
    if (host !== undefined) this.#byHost.set(`${ip} ${host}`, member);
    const address = addressKey(ip);
    const peers = (this.#perAddress.get(address) ?? 0) + 1;
    this.#perAddress.set(address, peers);
    if (peers === MANY_AT_ADDRESS && !this.#isShared(ip)) {
      this.#fullAddresses.noteMany(address, { peers, ip, infoHash: this.infoHash });
    }
    return member;
  }

  #update(member: Member, announce: Announce, nowMs: number): void {
    const knows = Number.isFinite(member.leftBytes) && member.peerId === announce.peerId;
    const progress = reportedProgress(announce, { knows });
    const { leftBytes } = progress;
    if (leftBytes < member.leftBytes) member.announcesWithoutProgress = 0;
    const passedMs = nowMs - member.countedMs;
    if (passedMs >= effectiveIntervalMs(member, this.#options.settings) * COUNTED_SHARE) {
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
      if (member.isUnverifiedSeed && isInitialSeed(announce)) this.members.noteInitialSeed(member);
      else this.#completed++;
    }
    this.members.setProgress(member, progress);
    member.lastSeenMs = nowMs;
    if (member.hasTimedOut) this.members.setTimedOut(member, false);
  }

  #forget(member: Member): void {
    // Only these have a part in who fetches for whom; thousands of others may leave at once.
    const isNeeded = member.rank === Rank.Seed || isGateway(member) || ownsStripes(member);
    this.traffic.depart(member);
    this.#timeouts.unwatch(member);
    this.members.remove(member);
    const hostKey = `${member.ip} ${member.host}`;
    if (this.#byHost.get(hostKey) === member) this.#byHost.delete(hostKey);
    const address = addressKey(member.ip);
    const others = (this.#perAddress.get(address) ?? 0) - 1;
    if (others > 0) this.#perAddress.set(address, others);
    else this.#perAddress.delete(address);
    if (!isNeeded) return;
    this.#deal(member, this.#options.clock.nowMs());
    this.#elect(member, this.#options.clock.nowMs());
  }

  /**
   * A member says from whom it receives bytes. It does not count for members at its own address: one machine cannot confirm
   * itself. On loopback, and behind NAT that the subnet map tells of, each port is somebody else.
   */
  #onSources(sources: readonly (Member | undefined)[], asker: Member): void {
    this.members.expectConfirmation();
    for (const member of sources) {
      if (member === undefined || member === asker) continue;
      if (addressKey(member.ip) === addressKey(asker.ip) && !this.#isShared(asker.ip)) continue;
      this.members.confirm(member);
    }
  }

  /** Whether several machines, or all parts of a trial on one, are expected at an address. */
  #isShared(ip: string): boolean {
    return isLoopback(ip) || this.#options.subnets.peersPerAddress(ip) !== undefined;
  }

  /**
   * A neighbour has lost its connection to a gateway. Until the gateway announces again it counts as timed out, and another
   * one is elected at once; otherwise everybody behind it would wait until it has missed its announces. This is believed
   * once per member, so that a peer that reports living gateways as lost cannot keep a site without gateways.
   */
  #onLost(member: Member | undefined, asker: Member): void {
    if (member === undefined || member === asker || member.hasTimedOut || member.wasReportedLost) {
      return;
    }
    if (asker.site === undefined || member.site !== asker.site) return;
    if (!isGateway(member) && !ownsStripes(member)) return;
    member.wasReportedLost = true;
    this.members.setTimedOut(member, true);
    this.#options.log.debug(
      "{member} of {infoHash}, which brings in, was reported lost by {asker}",
      {
        member: member.key,
        infoHash: this.infoHash,
        asker: asker.key,
      },
    );
    this.#elect(member, this.#options.clock.nowMs(), asker);
  }

  /** Deals the stripes of a member's rack and site, if it obeys them or others there do; returns what is its own. */
  #deal(member: Member, nowMs: number): DealtDuty | undefined {
    const { settings } = this.#options;
    if (settings.importBy !== "stripes") return undefined;
    if (member.rack === undefined) return undefined;
    if (!member.obeysStripes && !member.rack.isStriped) return undefined;
    return dealStripes(member, { members: this.members, settings, nowMs });
  }

  #elect(member: Member, nowMs: number, asker?: Member): void {
    const { settings, log } = this.#options;
    const { members } = this;
    const options = { members, settings, nowMs, ...(asker === undefined ? {} : { asker }) };
    graceUnconfirmed(member, options);
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

  #locationOf({ ip, site, rack }: Announce): RackLocation | undefined {
    const told = site === undefined || rack === undefined ? undefined : { site, rack };
    const mapped = this.#options.subnets.locationOf(ip);
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
