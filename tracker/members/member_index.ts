/**
 * The whole swarm, a site or a rack: an array of its members in sections, so that whoever draws from a
 * part of them meets nobody who cannot be meant. Who is silent stands apart at the end, and who already
 * helps as many as it should behind those who do not: an announce then costs what it answers, however
 * many are silent or taken.
 */

import type { Member } from "./members.ts";

/** The sections of a group's array, in order. */
export const Bucket = {
  FreeSeeds: 0,
  TakenSeeds: 1,
  FreeHolders: 2,
  TakenHolders: 3,
  /** They only say that they hold everything; see `unverified_seeds.ts`. */
  Claimants: 4,
  FreeEmpty: 5,
  TakenEmpty: 6,
  SilentSeeds: 7,
  SilentOthers: 8,
} as const;
/** One of {@link Bucket}. */
export type Bucket = typeof Bucket[keyof typeof Bucket];
const LAST = Bucket.SilentOthers;

/**
 * Which of its members that are not silent: the first and the last section, and the last one of all of
 * their kind. "Free" ones can help one more.
 */
export interface BucketRange {
  readonly first: Bucket;
  readonly last: Bucket;
  readonly lastOfKind: Bucket;
}

/** All of one kind. */
function kind(first: Bucket, last: Bucket): BucketRange {
  return { first, last, lastOfKind: last };
}

/** Those of a kind that can help one more. */
function freeOf(first: Bucket, lastOfKind: Bucket): BucketRange {
  return { first, last: first, lastOfKind };
}

/** The parts of a group. */
export const BucketRange = {
  Seeds: kind(Bucket.FreeSeeds, Bucket.TakenSeeds),
  FreeSeeds: freeOf(Bucket.FreeSeeds, Bucket.TakenSeeds),
  Holders: kind(Bucket.FreeHolders, Bucket.Claimants),
  /** Without those that only say that they hold everything. */
  KnownHolders: kind(Bucket.FreeHolders, Bucket.TakenHolders),
  FreeHolders: freeOf(Bucket.FreeHolders, Bucket.Claimants),
  FreeEmpty: freeOf(Bucket.FreeEmpty, Bucket.TakenEmpty),
  Leechers: kind(Bucket.FreeHolders, Bucket.TakenEmpty),
  WithData: kind(Bucket.FreeSeeds, Bucket.Claimants),
  All: kind(Bucket.FreeSeeds, Bucket.TakenEmpty),
} as const;

/** See the file's head. */
export class MemberIndex {
  readonly level: 0 | 1 | 2;
  readonly name: string;
  /** Everybody, section after section. Only `Members` changes it. */
  readonly list: Member[] = [];
  /** Where each section ends in the list. */
  readonly #ends: number[] = Object.values(Bucket).map(() => 0);
  /** Sites of the fleet, racks of a site, by name. */
  readonly parts = new Map<string, MemberIndex>();
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

  /** Everybody, the silent too. */
  get size(): number {
    return this.list.length;
  }

  /** All that hold everything, the silent too. */
  get seeds(): number {
    return this.end(BucketRange.Seeds) + this.#end(Bucket.SilentSeeds) -
      this.#end(Bucket.TakenEmpty);
  }

  /** Where a part begins in the list. */
  begin({ first }: BucketRange): number {
    return first === 0 ? 0 : this.#end(first - 1);
  }

  /** Where it ends, exclusively. */
  end(part: BucketRange): number {
    return this.#end(part.last);
  }

  /** How many are in it. */
  count(part: BucketRange): number {
    return this.end(part) - this.begin(part);
  }

  /** How many are of the same kind, free or not. */
  countOfKind(part: BucketRange): number {
    return this.#end(part.lastOfKind) - this.begin(part);
  }

  /** To its section. */
  add(member: Member): void {
    member.slots[this.level] = this.list.length;
    this.list.push(member);
    this.#ends[LAST] = this.list.length;
    this.move(member, LAST, member.section);
  }

  /** From its section. */
  remove(member: Member): void {
    this.move(member, member.section, LAST);
    const last = this.list.pop();
    this.#ends[LAST] = this.list.length;
    if (last !== undefined && last !== member) this.#put(last, member.slots[this.level]);
  }

  /** From one section to another: of each on the way one member moves, wherever it stands in it. */
  move(member: Member, from: Bucket, to: Bucket): void {
    let hole = member.slots[this.level];
    for (let section: number = from; section < to; section++) {
      const last = this.#end(section) - 1;
      this.#ends[section] = last;
      if (last !== hole) this.#put(this.list[last], hole);
      hole = last;
    }
    for (let section: number = from; section > to; section--) {
      const first = this.#end(section - 1);
      this.#ends[section - 1] = first + 1;
      if (first !== hole) this.#put(this.list[first], hole);
      hole = first;
    }
    this.#put(member, hole);
  }

  #end(section: number): number {
    return this.#ends[section] ?? 0;
  }

  #put(member: Member | undefined, slot: number): void {
    if (member === undefined) return;
    this.list[slot] = member;
    member.slots[this.level] = slot;
  }
}
