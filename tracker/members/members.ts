/**
 * Who takes part in one swarm, and where they stand. Bookkeeping only; it decides nothing. Each is in
 * three groups, the fleet, its site and its rack, and in the same section of each (`member_index.ts`).
 */

import type { RackLocation } from "../../base/locality.ts";
import type { Standing } from "./unverified_seeds.ts";
import { compactAddress } from "./compact_address.ts";
import { Bucket, MemberIndex } from "./member_index.ts";

/** More racks than a fleet has. */
const MAX_EMPTY_PARTS = 1_000;

/** What a member holds: all of the content, some, none. */
export const Rank = { Seed: 0, Holder: 1, Empty: 2 } as const;
/** One of {@link Rank}. */
export type Rank = typeof Rank[keyof typeof Rank];

/** What a member says that it has received, in bytes, by how far the sender was. */
export interface ReceivedBytes {
  readonly rackBytes: number;
  readonly siteBytes: number;
  readonly remoteBytes: number;
}

/** What a member begins with. */
export interface Arrival {
  /** "address:port", an IPv6 address in brackets. */
  readonly key: string;
  readonly ip: string;
  readonly port: number;
  /** 20 bytes, one character each. */
  readonly peerId: string;
  /** Its name, if it told. */
  readonly host: string | undefined;
  /** Undefined if nobody knows: such a peer is outside of everyone. */
  readonly place: RackLocation | undefined;
  /** Still to fetch; 0 for a seed, Infinity if it did not say. */
  readonly leftBytes: number;
  /** It fetches from no farther than it is told. Default: no. */
  readonly keepsReach?: boolean | undefined;
  /** It only says that it is a seed; see `unverified_seeds.ts`. Default: no. */
  readonly claimsCopy?: boolean | undefined;
  readonly nowMs: number;
  /** When it is told to announce again. */
  readonly intervalMs: number;
}

/** Of a member that nobody watches: later than any tick. */
export const UNWATCHED = Infinity;

/** One peer of a swarm. */
export class Member {
  readonly key: string;
  readonly ip: string;
  readonly port: number;
  readonly peerId: string;
  readonly host: string | undefined;
  readonly place: RackLocation | undefined;
  /** Whoever does not takes pieces across a border also from those that it is to give to there. */
  readonly keepsReach: boolean;
  readonly arrivedMs: number;
  /** Its address and port as BEP 23 and BEP 7 put them into replies: 6 or 18 bytes. */
  readonly compact: Uint8Array;
  /** The first four of them: the address, if it is an IPv4 address. */
  readonly ipv4: number;
  /** Order of arrival in the swarm. */
  arrival = 0;
  leftBytes: number;
  /**
   * It says that it holds everything, and nothing shows it: a seed that nobody has had anything from
   * yet, or a client that has only a magnet link. It is handed out after all seeds, as one that may
   * hold something, gets what whoever fetches gets, and is no copy.
   */
  claimsCopy: boolean;
  /** Chances to progress in a row at which `leftBytes` had not become less. */
  announcesWithoutProgress = 0;
  /** Announces since it was elected as a gateway that were a chance to progress. */
  announcesAsGateway = 0;
  /** How often it was replaced as a gateway because it stalled or was slow. */
  demotions = 0;
  /** Smoothed over its announces; 0 until two of them are known. */
  bytesPerMs = 0;
  lastSeenMs: number;
  /** The last announce that was a chance to progress, and what was left at it. */
  countedMs: number;
  countedLeftBytes: number;
  intervalMs: number;
  received: ReceivedBytes | undefined;
  /** It has left: whoever still holds on to it should let go. */
  isGone = false;
  /** What it holds. */
  rank: Rank = Rank.Empty;
  /** Where its groups have it. Only `Members` changes it. */
  section: Bucket = Bucket.FreeEmpty;
  /**
   * It has missed its announces, or was lost by a neighbour, and stands apart until it comes back or is forgotten. See
   * `setApart`.
   */
  isApart = false;
  /** A neighbour said that it was gone. Believed once: see `Swarm.#miss`. */
  wasMissed = false;
  /** The fleet, then its site and rack, or the strangers if its place is not known. */
  groups: readonly MemberIndex[] = [];
  site: MemberIndex | undefined;
  rack: MemberIndex | undefined;
  /** Its place in the array of each of them. */
  readonly slots: [number, number, number] = [0, 0, 0];
  /** Whom it fetches from across a border, and how many fetch from it so. See `Members.setHelpers`. */
  helpers: readonly Member[] = [];
  helped = 0;
  /** Of the last choice that looked at it; see `peer_sample.ts`. */
  stamp = 0;
  /** Where `MemberTimeouts` has it: the tick at which it is looked at, and its place among those. */
  watchTick = UNWATCHED;
  watchSlot = 0;

  constructor(arrival: Arrival) {
    this.key = arrival.key;
    this.ip = arrival.ip;
    this.port = arrival.port;
    this.compact = compactAddress(arrival.ip, arrival.port);
    this.ipv4 = new DataView(this.compact.buffer).getUint32(0);
    this.peerId = arrival.peerId;
    this.host = arrival.host;
    this.place = arrival.place;
    this.keepsReach = arrival.keepsReach ?? false;
    this.leftBytes = arrival.leftBytes;
    this.claimsCopy = arrival.claimsCopy ?? false;
    this.arrivedMs = arrival.nowMs;
    this.lastSeenMs = arrival.nowMs;
    this.countedMs = arrival.nowMs;
    this.countedLeftBytes = arrival.leftBytes;
    this.intervalMs = arrival.intervalMs;
  }
}

/** All members of a swarm, by key, by rack and by site. */
export class Members {
  readonly #byKey = new Map<string, Member>();
  readonly fleet = new MemberIndex(0, "");
  /** Whose place is not known. */
  readonly strangers = new MemberIndex(1, "");
  /** Racks that have gateways now: so many want a copy from outside. */
  racksWithGateways = 0;
  /** The most that anybody had to fetch: the content's size, as far as the tracker can know. */
  largestLeftBytes = 0;
  readonly #maxHelped: number;
  #arrivals = 0;
  /** Racks that nobody is in any more, kept for the report. */
  #emptyParts = 0;

  /** Who helps `maxHelped` others counts as taken. */
  constructor({ maxHelped }: { readonly maxHelped: number }) {
    this.#maxHelped = maxHelped;
  }

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): Member | undefined {
    return this.#byKey.get(key);
  }

  add(member: Member): void {
    this.#byKey.set(member.key, member);
    this.#noteLeft(member.leftBytes);
    member.arrival = this.#arrivals++;
    member.rank = this.#rankOf(member);
    member.section = this.#sectionOf(member);
    if (member.place !== undefined) {
      member.site = partOf(this.fleet, member.place.site);
      member.rack = partOf(member.site, member.place.rack);
    }
    member.groups = member.site === undefined || member.rack === undefined
      ? [this.fleet, this.strangers]
      : [this.fleet, member.site, member.rack];
    if (member.rack?.size === 0 && member.rack.receivedBytes > 0) this.#emptyParts--;
    for (const group of member.groups) group.add(member);
    if (member.rank === Rank.Seed) this.noteBrought(member);
    this.#noteHeld(member);
  }

  remove(member: Member): void {
    this.#byKey.delete(member.key);
    member.isGone = true;
    this.setHelpers(member, []);
    for (const group of member.groups) group.remove(member);
    const { site, rack } = member;
    if (site === undefined || rack === undefined || rack.size > 0) return;
    if (rack.gateways.length > 0) this.racksWithGateways--;
    rack.gateways = [];
    // What it received stays part of the report, within bounds: strangers can name as many as they like.
    if (rack.receivedBytes > 0 && this.#emptyParts < MAX_EMPTY_PARTS) {
      this.#emptyParts++;
      return;
    }
    site.parts.delete(rack.name);
    if (site.size === 0 && site.parts.size === 0) this.fleet.parts.delete(site.name);
  }

  /** A member stands elsewhere than before. */
  setStanding(member: Member, { leftBytes, claimsCopy }: Standing): void {
    member.leftBytes = leftBytes;
    member.claimsCopy = claimsCopy;
    this.#noteLeft(leftBytes);
    this.#noteHeld(member);
    member.rank = this.#rankOf(member);
    this.#sort(member);
  }

  /** Whether it is silent: nobody draws it then, but it is still known and counted. */
  setApart(member: Member, isApart: boolean): void {
    member.isApart = isApart;
    this.#sort(member);
  }

  /** Remembers whom a member was given across a border. */
  setHelpers(member: Member, helpers: readonly Member[]): void {
    const former = member.helpers;
    // Whoever has enough of them keeps them, in their order.
    if (helpers.length === former.length && helpers.every((one, at) => one === former[at])) return;
    member.helpers = helpers;
    for (const helper of former) helper.helped--;
    for (const helper of helpers) helper.helped++;
    // Only now: most are among both.
    for (const helper of former) if (!helper.isGone) this.#sort(helper);
    for (const helper of helpers) this.#sort(helper);
  }

  /** It came with the whole content: nothing had to come into its groups from outside. */
  noteBrought(member: Member): void {
    for (const group of member.groups) group.beganWithCopy = true;
  }

  #noteHeld(member: Member): void {
    const heldBytes = this.largestLeftBytes - member.leftBytes;
    for (const group of member.groups) {
      if (heldBytes > group.mostHeldBytes) group.mostHeldBytes = heldBytes;
    }
  }

  #sort(member: Member): void {
    const from = member.section;
    const to = this.#sectionOf(member);
    if (from === to) return;
    for (const group of member.groups) group.move(member, from, to);
    member.section = to;
  }

  #sectionOf({ rank, isApart, claimsCopy, helped }: Member): Bucket {
    if (isApart) return rank === Rank.Seed ? Bucket.SilentSeeds : Bucket.SilentOthers;
    const isFree = helped < this.#maxHelped;
    if (rank === Rank.Seed) return isFree ? Bucket.FreeSeeds : Bucket.TakenSeeds;
    if (rank === Rank.Empty) return isFree ? Bucket.FreeEmpty : Bucket.TakenEmpty;
    if (claimsCopy) return Bucket.Claimants;
    return isFree ? Bucket.FreeHolders : Bucket.TakenHolders;
  }

  #rankOf({ leftBytes, claimsCopy }: Member): Rank {
    if (claimsCopy) return Rank.Holder;
    if (leftBytes === 0) return Rank.Seed;
    // It has less to fetch than anybody ever had.
    return leftBytes < this.largestLeftBytes ? Rank.Holder : Rank.Empty;
  }

  #noteLeft(leftBytes: number): void {
    if (leftBytes > this.largestLeftBytes && Number.isFinite(leftBytes)) {
      this.largestLeftBytes = leftBytes;
    }
  }
}

function partOf(group: MemberIndex, name: string): MemberIndex {
  let part = group.parts.get(name);
  if (part === undefined) {
    part = new MemberIndex(group.level === 0 ? 1 : 2, name);
    group.parts.set(name, part);
  }
  return part;
}
