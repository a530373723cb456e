/**
 * All members of one swarm, by address, site and rack. Bookkeeping only; it decides nothing. Each member stands in three
 * groups (the fleet, its site, its rack), in the same bucket of each (`member_index.ts`).
 */

import { addressKey, isLoopback } from "../../base/ip_address.ts";
import { type Group, type Member, Rank } from "./member.ts";
import { Bucket, Level, MemberIndex } from "./member_index.ts";
import type { ReportedProgress } from "./unverified_seeds.ts";

/**
 * Sites and racks of a release, more than a fleet has: each takes memory and is in reports, and peers can name as many as
 * they like.
 */
const MAX_SITES = 200;
const MAX_RACKS = 5_000;
/** Racks without members that are kept for what they received; more than a fleet has. */
const MAX_EMPTY_RACKS = 1_000;
/** Addresses of replaced gateways that are remembered; then all are forgotten. */
const MAX_DEMOTED_ADDRESSES = 10_000;

/** All members of a swarm, by address, by site and by rack. */
export class Members {
  readonly #byKey = new Map<string, Member>();
  /** Everybody. */
  readonly fleet: Group = new MemberIndex<Member>(Level.Fleet, "");
  /** Members whose location is not known. */
  readonly unlocated: Group = new MemberIndex<Member>(Level.Site, "");
  /** The number of racks that have gateways or owners of stripes, and so want a copy from outside. */
  racksWithImporters = 0;
  /** The most that any member had left to fetch: the content's size, as far as the tracker can know it. */
  largestLeftBytes = 0;
  readonly #maxHelped: number;
  /** How often members at an address were replaced as gateways; new members there are no better for being new. */
  readonly #demotionsAt = new Map<string, number>();
  #toldSources = false;
  #racks = 0;
  #arrivals = 0;
  #emptyRacks = 0;

  /** A member that helps `maxHelped` others across a border counts as taken. */
  constructor({ maxHelped }: { readonly maxHelped: number }) {
    this.#maxHelped = maxHelped;
  }

  /** The number of members, including those that have timed out. */
  get size(): number {
    return this.#byKey.size;
  }

  /** The member at that "address:port". */
  get(key: string): Member | undefined {
    return this.#byKey.get(key);
  }

  /** Adds a member to its groups; groups that are not there yet are made. */
  add(member: Member): void {
    this.#byKey.set(member.key, member);
    this.#noteLeft(member.leftBytes);
    member.arrival = this.#arrivals++;
    member.rank = this.#rankOf(member);
    member.bucket = this.#bucketOf(member);
    this.#locate(member);
    member.groups = member.site === undefined || member.rack === undefined
      ? [this.fleet, this.unlocated]
      : [this.fleet, member.site, member.rack];
    if (member.rack?.size === 0 && member.rack.receivedBytes > 0) this.#emptyRacks--;
    for (const group of member.groups) group.add(member);
    if (member.rank === Rank.Seed) this.noteInitialSeed(member);
    this.#noteHeld(member);
  }

  /** Removes a member, and its site and rack if nobody is left in them and nothing of them is to be reported. */
  remove(member: Member): void {
    this.#byKey.delete(member.key);
    member.isGone = true;
    this.setHelpers(member, []);
    for (const group of member.groups) group.remove(member);
    const { site, rack } = member;
    if (site === undefined || rack === undefined || rack.size > 0) return;
    this.changeImporters(rack, () => {
      rack.gateways = [];
      rack.stripeOwners.length = 0;
    });
    // What it received stays part of the report, within bounds: peers can name as many racks as they like.
    if (rack.receivedBytes > 0 && this.#emptyRacks < MAX_EMPTY_RACKS) {
      this.#emptyRacks++;
      return;
    }
    site.children.delete(rack.name);
    this.#racks--;
    if (site.size === 0 && site.children.size === 0) this.fleet.children.delete(site.name);
  }

  /** Makes a change of who brings something into a rack, and counts the racks that anybody does so for. */
  changeImporters(rack: Group, change: () => void): void {
    const before = rack.hasImporters;
    change();
    this.racksWithImporters += Number(rack.hasImporters) - Number(before);
  }

  /** Notes how far a member has got. */
  setProgress(member: Member, { leftBytes, isUnverifiedSeed }: ReportedProgress): void {
    member.leftBytes = leftBytes;
    member.isUnverifiedSeed = isUnverifiedSeed;
    this.#noteLeft(leftBytes);
    this.#noteHeld(member);
    member.rank = this.#rankOf(member);
    this.#sort(member);
  }

  /** Notes whether a member has timed out: it is handed out to nobody then, but still known and counted. */
  setTimedOut(member: Member, hasTimedOut: boolean): void {
    member.hasTimedOut = hasTimedOut;
    this.#sort(member);
  }

  /**
   * From here on a seed has to be confirmed to count as a copy: somebody tells whom bytes come from. In a fleet of clients
   * that do not, seeds are believed as they come.
   */
  expectConfirmation(): void {
    if (this.#toldSources) return;
    this.#toldSources = true;
    for (const member of [...this.fleet.list]) this.#sort(member);
  }

  /** Notes that somebody else has received bytes from a member: once it says that it is a seed, it is believed. */
  confirm(member: Member): void {
    if (member.isConfirmed) return;
    member.isConfirmed = true;
    this.#sort(member);
  }

  /** Notes that a member was replaced as a gateway. */
  noteDemotion(member: Member): void {
    if (this.#demotionsAt.size >= MAX_DEMOTED_ADDRESSES) this.#demotionsAt.clear();
    this.#demotionsAt.set(addressKey(member.ip), this.demotionsAt(member) + 1);
    member.demotions++;
  }

  /** How often members at a member's address were replaced as gateways. */
  demotionsAt({ ip, demotions }: Member): number {
    return isLoopback(ip)
      ? demotions
      : Math.max(demotions, this.#demotionsAt.get(addressKey(ip)) ?? 0);
  }

  /** Remembers which members a member was given across a border. */
  setHelpers(member: Member, helpers: readonly Member[]): void {
    const former = member.helpers;
    // The usual case: a member that has enough helpers keeps them, in their order.
    if (helpers.length === former.length && helpers.every((one, at) => one === former[at])) return;
    member.helpers = helpers;
    for (const helper of former) helper.helped--;
    for (const helper of helpers) helper.helped++;
    // Only now, since most helpers are in both lists and need not move.
    for (const helper of former) if (!helper.isGone) this.#sort(helper);
    for (const helper of helpers) this.#sort(helper);
  }

  /** Notes that a member came with the whole content: nothing had to come into its groups from outside. */
  noteInitialSeed(member: Member): void {
    for (const group of member.groups) group.hasInitialSeed = true;
  }

  /** A member whose site or rack would be one too many is taken for one whose location is not known. */
  #locate(member: Member): void {
    const { location } = member;
    if (location === undefined) return;
    const known = this.fleet.children.get(location.site);
    const isNewRack = known?.children.has(location.rack) !== true;
    if (isNewRack && this.#racks >= MAX_RACKS) return;
    if (known === undefined && this.fleet.children.size >= MAX_SITES) return;
    if (isNewRack) this.#racks++;
    member.site = childOf(this.fleet, location.site);
    member.rack = childOf(member.site, location.rack);
  }

  #noteHeld(member: Member): void {
    const heldBytes = this.largestLeftBytes - member.leftBytes;
    for (const group of member.groups) {
      if (heldBytes > group.mostHeldBytes) group.mostHeldBytes = heldBytes;
    }
  }

  #sort(member: Member): void {
    const from = member.bucket;
    const to = this.#bucketOf(member);
    if (from === to) return;
    for (const group of member.groups) group.move(member, from, to);
    member.bucket = to;
  }

  #bucketOf({ rank, hasTimedOut, isUnverifiedSeed, isConfirmed, helped }: Member): Bucket {
    if (hasTimedOut) return rank === Rank.Seed ? Bucket.TimedOutSeeds : Bucket.TimedOutOthers;
    const isFree = helped < this.#maxHelped;
    if (rank === Rank.Seed) {
      if (this.#toldSources && !isConfirmed) return Bucket.UnconfirmedSeeds;
      return isFree ? Bucket.FreeSeeds : Bucket.TakenSeeds;
    }
    if (rank === Rank.Empty) return isFree ? Bucket.FreeEmpty : Bucket.TakenEmpty;
    if (isUnverifiedSeed) return Bucket.UnverifiedSeeds;
    return isFree ? Bucket.FreeHolders : Bucket.TakenHolders;
  }

  #rankOf({ leftBytes, isUnverifiedSeed }: Member): Rank {
    if (isUnverifiedSeed) return Rank.Holder;
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

function childOf(group: Group, name: string): Group {
  let child = group.children.get(name);
  if (child === undefined) {
    child = new MemberIndex(group.level === Level.Fleet ? Level.Site : Level.Rack, name);
    group.children.set(name, child);
  }
  return child;
}
