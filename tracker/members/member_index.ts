/**
 * The members of one group (the fleet, a site or a rack) as an array in buckets: seeds, members that hold a part, members
 * that hold nothing, and at the end those that have timed out. Whoever draws at random from a range of buckets meets
 * nobody who cannot be meant, so an announce costs what it answers, however many have timed out or are busy.
 */

/** Which group an index is of. Also the position of the index in `Member.groups`. */
export const Level = { Fleet: 0, Site: 1, Rack: 2 } as const;
/** One of {@link Level}. */
export type Level = typeof Level[keyof typeof Level];

/**
 * The buckets of an index, in the order of its array. A member is "free" while it helps fewer others across a border than
 * it should at most, then "taken".
 */
export const Bucket = {
  FreeSeeds: 0,
  TakenSeeds: 1,
  /** Seeds that nobody else has reported bytes from yet; see `Members.confirm`. */
  UnconfirmedSeeds: 2,
  FreeHolders: 3,
  TakenHolders: 4,
  /** They say that they hold everything, and nothing confirms it; see `unverified_seeds.ts`. */
  UnverifiedSeeds: 5,
  FreeEmpty: 6,
  TakenEmpty: 7,
  TimedOutSeeds: 8,
  TimedOutOthers: 9,
} as const;
/** One of {@link Bucket}. */
export type Bucket = typeof Bucket[keyof typeof Bucket];
const LAST = Bucket.TimedOutOthers;

/** Neighbouring buckets. None of the ranges below holds members that have timed out. */
export interface BucketRange {
  readonly first: Bucket;
  readonly last: Bucket;
  /** The last bucket with members of the same kind, whether they are free or taken. */
  readonly lastOfKind: Bucket;
}

/** All members of a kind, free or taken. */
function kind(first: Bucket, last: Bucket): BucketRange {
  return { first, last, lastOfKind: last };
}

/** The members of a kind that can help one more. */
function freeOf(first: Bucket, lastOfKind: Bucket): BucketRange {
  return { first, last: first, lastOfKind };
}

/** The ranges that are drawn from or counted. */
export const BucketRange = {
  /** Seeds that others have reported bytes from. */
  ConfirmedSeeds: kind(Bucket.FreeSeeds, Bucket.TakenSeeds),
  UnconfirmedSeeds: kind(Bucket.UnconfirmedSeeds, Bucket.UnconfirmedSeeds),
  FreeSeeds: freeOf(Bucket.FreeSeeds, Bucket.TakenSeeds),
  /** Members that hold a part, and unverified seeds. */
  Holders: kind(Bucket.FreeHolders, Bucket.UnverifiedSeeds),
  /** Members that hold a part, without unverified seeds. */
  KnownHolders: kind(Bucket.FreeHolders, Bucket.TakenHolders),
  FreeHolders: freeOf(Bucket.FreeHolders, Bucket.UnverifiedSeeds),
  FreeEmpty: freeOf(Bucket.FreeEmpty, Bucket.TakenEmpty),
  Leechers: kind(Bucket.FreeHolders, Bucket.TakenEmpty),
  /** Everybody who holds something, or says so. */
  WithData: kind(Bucket.FreeSeeds, Bucket.UnverifiedSeeds),
  All: kind(Bucket.FreeSeeds, Bucket.TakenEmpty),
} as const;

/** What an index needs to know of a member. */
export interface IndexEntry {
  /** The bucket that it stands in, the same in each of its groups. */
  bucket: Bucket;
  /** Its position in the array of each of its groups, by {@link Level}. */
  readonly slots: [number, number, number];
}

/** The members of one group, in buckets; besides what is known of the group as a whole. */
export class MemberIndex<Entry extends IndexEntry> {
  readonly level: Level;
  /** Of the site or rack; empty for the fleet. */
  readonly name: string;
  /** Every member, bucket after bucket. Only `Members` changes it. */
  readonly list: Entry[] = [];
  /** Where each bucket ends in the list, exclusive. */
  readonly #ends: number[] = Object.values(Bucket).map(() => 0);
  /** Sites of the fleet, racks of a site, by name. */
  readonly children = new Map<string, MemberIndex<Entry>>();
  /** Who fetches across this group's border. Only `applyElection` changes it. */
  gateways: readonly Entry[] = [];
  /** Of a rack, by stripe: who brings it in. Only `stripes.ts` changes it. */
  readonly stripeOwners: (Entry | undefined)[] = [];
  /** Of a site, by stripe: the rack whose owner brings it in. Only `stripes.ts` changes it. */
  readonly stripeRacks: (MemberIndex<Entry> | undefined)[] = [];
  /** Gateways that were replaced only because they were slow. */
  slowReplacements = 0;
  /** Whether one of its members came with the whole content, so that nothing had to cross the border. */
  hasInitialSeed = false;
  /** What its members say came in across its border, those that have left included. */
  receivedBytes = 0;
  /** The most that one of its members held: at least that much had to come in, unless there was an initial seed. */
  mostHeldBytes = 0;
  /** Until when its unconfirmed seeds count as copies; undefined before it had one. See `graceUnconfirmed`. */
  graceUntilMs: number | undefined;
  /** The usual rate of its gateways; 0 while it is not known. See `measureUsualRates`. */
  usualBytesPerMs = 0;

  constructor(level: Level, name: string) {
    this.level = level;
    this.name = name;
  }

  /** Whether hosts bring in stripes of this rack, or of a rack of this site. */
  get isStriped(): boolean {
    return this.stripeOwners.some((owner) => owner !== undefined) ||
      this.stripeRacks.some((rack) => rack !== undefined && rack.isStriped);
  }

  /** Whether anybody brings something in across this group's border: gateways, or owners of stripes. */
  get hasImporters(): boolean {
    return this.gateways.length > 0 || this.isStriped;
  }

  /** The number of members, including those that have timed out. */
  get size(): number {
    return this.list.length;
  }

  /** The number of seeds, including those that are not confirmed and those that have timed out. */
  get seeds(): number {
    return this.end(BucketRange.UnconfirmedSeeds) + this.#end(Bucket.TimedOutSeeds) -
      this.#end(Bucket.TakenEmpty);
  }

  /** Where a range begins in the list. */
  begin({ first }: BucketRange): number {
    return first === 0 ? 0 : this.#end(first - 1);
  }

  /** Where a range ends in the list, exclusive. */
  end(range: BucketRange): number {
    return this.#end(range.last);
  }

  /** How many members a range holds. */
  count(range: BucketRange): number {
    return this.end(range) - this.begin(range);
  }

  /** How many members of the same kind there are, free or taken. */
  countOfKind(range: BucketRange): number {
    return this.#end(range.lastOfKind) - this.begin(range);
  }

  /** Adds a member to its bucket. */
  add(member: Entry): void {
    member.slots[this.level] = this.list.length;
    this.list.push(member);
    this.#ends[LAST] = this.list.length;
    this.move(member, LAST, member.bucket);
  }

  /** Removes a member from its bucket. */
  remove(member: Entry): void {
    this.move(member, member.bucket, LAST);
    const last = this.list.pop();
    this.#ends[LAST] = this.list.length;
    if (last !== undefined && last !== member) this.#put(last, member.slots[this.level]);
  }

  /** Moves a member from one bucket to another; one member of each bucket in between moves along. */
  move(member: Entry, from: Bucket, to: Bucket): void {
    let hole = member.slots[this.level];
    for (let bucket: number = from; bucket < to; bucket++) {
      const last = this.#end(bucket) - 1;
      this.#ends[bucket] = last;
      if (last !== hole) this.#put(this.list[last], hole);
      hole = last;
    }
    for (let bucket: number = from; bucket > to; bucket--) {
      const first = this.#end(bucket - 1);
      this.#ends[bucket - 1] = first + 1;
      if (first !== hole) this.#put(this.list[first], hole);
      hole = first;
    }
    this.#put(member, hole);
  }

  #end(bucket: number): number {
    return this.#ends[bucket] ?? 0;
  }

  #put(member: Entry | undefined, slot: number): void {
    if (member === undefined) return;
    this.list[slot] = member;
    member.slots[this.level] = slot;
  }
}
