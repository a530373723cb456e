/**
 * Who takes part in one swarm, and where they stand. Bookkeeping only; it decides nothing. Groups
 * are arrays in which seeds come first, then those with some of the content, then those without:
 * an announce in a swarm of 20,000 then costs what it answers, not what there is.
 */

import type { Standing } from "./claims.ts";
import { compactAddress } from "./compact_address.ts";

/** Where a peer stands; the same rack name in two sites means two racks. */
export interface Place {
  readonly site: string;
  readonly rack: string;
}

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
  readonly place: Place | undefined;
  /** Still to fetch; 0 for a seed, Infinity if it did not say. */
  readonly leftBytes: number;
  /** It only says that it is a seed; see `claims.ts`. Default: no. */
  readonly claimsCopy?: boolean | undefined;
  readonly nowMs: number;
  /** When it is told to announce again. */
  readonly intervalMs: number;
}

/** One peer of a swarm. */
export class Member {
  readonly key: string;
  readonly ip: string;
  readonly port: number;
  readonly peerId: string;
  readonly host: string | undefined;
  readonly place: Place | undefined;
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
  /** What it holds, as its groups have it sorted in. */
  rank: Rank = Rank.Empty;
  /** The fleet, then its site and rack, or the strangers if its place is not known. */
  groups: readonly Group[] = [];
  site: Group | undefined;
  rack: Group | undefined;
  /** Its place in the array of each of them. */
  readonly slots: [number, number, number] = [0, 0, 0];
  /** Whom it fetches from across a border, and how many fetch from it so. See `setHelpers`. */
  helpers: readonly Member[] = [];
  helped = 0;
  /** Of the last choice that looked at it; see `choice.ts`. */
  stamp = 0;

  constructor(arrival: Arrival) {
    this.key = arrival.key;
    this.ip = arrival.ip;
    this.port = arrival.port;
    this.compact = compactAddress(arrival.ip, arrival.port);
    this.ipv4 = new DataView(this.compact.buffer).getUint32(0);
    this.peerId = arrival.peerId;
    this.host = arrival.host;
    this.place = arrival.place;
    this.leftBytes = arrival.leftBytes;
    this.claimsCopy = arrival.claimsCopy ?? false;
    this.arrivedMs = arrival.nowMs;
    this.lastSeenMs = arrival.nowMs;
    this.countedMs = arrival.nowMs;
    this.countedLeftBytes = arrival.leftBytes;
    this.intervalMs = arrival.intervalMs;
  }
}

/** The whole swarm, a site, or a rack. */
export class Group {
  readonly level: 0 | 1 | 2;
  readonly name: string;
  /** Seeds first, then holders, then the others. Only `Members` changes it. */
  readonly list: Member[] = [];
  seeds = 0;
  /** Seeds and holders. */
  withData = 0;
  /** Sites of the fleet, racks of a site, by name. */
  readonly parts = new Map<string, Group>();
  /** Who fetches across this group's border. Only `applyElection` changes it. */
  gateways: readonly Member[] = [];
  /** Gateways that were replaced only because they were slow. */
  slowReplacements = 0;
  /** Whether one of its members came with the whole content. */
  beganWithCopy = false;
  /** What its members say came in across its border, also those that have left. */
  receivedBytes = 0;
  /** The most that one of them held: so much at least had to come in, unless one began with it. */
  mostHeldBytes = 0;
  /** Usual rate of its gateways; 0: unknown. See `measurePace`. */
  paceBytesPerMs = 0;

  constructor(level: 0 | 1 | 2, name: string) {
    this.level = level;
    this.name = name;
  }

  get size(): number {
    return this.list.length;
  }

  add(member: Member): void {
    member.slots[this.level] = this.list.length;
    this.list.push(member);
    if (member.rank <= Rank.Holder) this.#swap(member, this.withData++);
    if (member.rank === Rank.Seed) this.#swap(member, this.seeds++);
  }

  remove(member: Member): void {
    if (member.rank === Rank.Seed) this.#swap(member, --this.seeds);
    if (member.rank <= Rank.Holder) this.#swap(member, --this.withData);
    this.#swap(member, this.list.length - 1);
    this.list.pop();
  }

  #swap(member: Member, slot: number): void {
    const own = member.slots[this.level];
    const other = this.list[slot];
    if (other === undefined || own === slot) return;
    this.list[slot] = member;
    this.list[own] = other;
    member.slots[this.level] = slot;
    other.slots[this.level] = own;
  }
}

/** All members of a swarm, by key, by rack and by site. */
export class Members {
  readonly #byKey = new Map<string, Member>();
  readonly fleet = new Group(0, "");
  /** Whose place is not known. */
  readonly strangers = new Group(1, "");
  /** Racks that have gateways now: so many want a copy from outside. */
  racksWithGateways = 0;
  /** The most that anybody had to fetch: the content's size, as far as the tracker can know. */
  largestLeftBytes = 0;
  #arrivals = 0;
  /** Racks that nobody is in any more, kept for the report. */
  #emptyParts = 0;

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
    setHelpers(member, []);
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
    const rank = this.#rankOf(member);
    if (rank === member.rank) return;
    for (const group of member.groups) group.remove(member);
    member.rank = rank;
    for (const group of member.groups) group.add(member);
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

/** Remembers whom a member was given across a border. */
export function setHelpers(member: Member, helpers: readonly Member[]): void {
  for (const helper of member.helpers) helper.helped--;
  for (const helper of helpers) helper.helped++;
  member.helpers = helpers;
}

function partOf(group: Group, name: string): Group {
  let part = group.parts.get(name);
  if (part === undefined) {
    part = new Group(group.level === 0 ? 1 : 2, name);
    group.parts.set(name, part);
  }
  return part;
}
