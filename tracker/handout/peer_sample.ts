/**
 * Collects the peers of one answer: nobody twice, nobody silent, never the asker. Takes a random few
 * out of a group without copying it, since a group may have tens of thousands.
 */

import { isSilent } from "./gateway_election.ts";
import type { BucketRange, MemberIndex } from "../members/member_index.ts";
import type { Member } from "../members/members.ts";
import type { HandoutSettings } from "./handout_settings.ts";
import type { Random } from "../../base/random.ts";

/** What a choice needs. */
export interface PeerSampleOptions {
  readonly policy: HandoutSettings;
  /** At most so many. */
  readonly wanted: number;
  /** Only addresses of that family, where the reply has no room for others (UDP, BEP 15). */
  readonly family?: 4 | 6 | undefined;
  readonly nowMs: number;
  readonly random: Random;
}

/** Whom to take out of a part of a group. */
export interface Wish {
  /** At most so many. */
  readonly count: number;
  /** Nobody of that site or rack. */
  readonly outsideOf?: MemberIndex;
  /** Default: everybody does. */
  readonly fits?: (member: Member) => boolean;
}

/** The length of a compact IPv4 address with its port (BEP 23). */
const IPV4_BYTES = 6;
/**
 * Where hardly anybody fits, so many are looked at, and the next announce looks at others. The sections
 * of a group leave few that do not: gateways, and those inside the border that is to be crossed.
 */
const MAX_LOOKS = 128;
/** Stamps tell who is in the current answer; a set per answer would be garbage 30,000 times a second. */
let lastStamp = 0;

/** See the file's head. */
export class PeerSample {
  readonly peers: Member[] = [];
  readonly #options: PeerSampleOptions;
  readonly #stamp = ++lastStamp;

  constructor(asker: Member, options: PeerSampleOptions) {
    this.#options = options;
    asker.stamp = this.#stamp;
  }

  get isFull(): boolean {
    return this.peers.length >= this.#options.wanted;
  }

  /** Whether it was taken: it was not in yet, is alive, and there was room. */
  add(member: Member): boolean {
    const { family } = this.#options;
    if (member.stamp === this.#stamp || this.isFull) return false;
    if (family !== undefined && (member.compact.length === IPV4_BYTES) !== (family === 4)) {
      return false;
    }
    if (isSilent(member, this.#options)) return false;
    member.stamp = this.#stamp;
    this.peers.push(member);
    return true;
  }

  /** Takes some of a part of a group, any of them with the same chance; returns how many. */
  take(group: MemberIndex, part: BucketRange, wish: Wish): number {
    const { count, outsideOf } = wish;
    const from = group.begin(part);
    const size = group.count(part);
    if (size <= (outsideOf?.count(part) ?? 0) || count <= 0 || this.isFull) return 0;
    const kind = group.countOfKind(part);
    if (kind <= 2 * count) return this.#takeShuffled(group.list.slice(from, from + size), wish);
    const { random } = this.#options;
    let taken = 0;
    // Twice as many as wanted are there: a few tries each are enough, unless most of them do not fit. Who
    // is not free is a try that fails, so that the fewer are free the fewer are taken at once.
    for (let tries = 4 * count + 8; tries > 0 && taken < count && !this.isFull; tries--) {
      const at = Math.floor(random() * kind);
      if (at < size && this.#addIf(group.list[from + at], wish)) taken++;
    }
    // Where hardly anybody fits, one is enough; the next announce brings another.
    if (taken > 0 && (size < kind || (wish.fits ?? outsideOf) !== undefined)) return taken;
    const start = Math.floor(random() * size);
    const looks = Math.min(size, MAX_LOOKS);
    for (let step = 0; step < looks && taken < count && !this.isFull; step++) {
      if (this.#addIf(group.list[from + (start + step) % size], wish)) taken++;
    }
    return taken;
  }

  #addIf(member: Member | undefined, { outsideOf, fits }: Wish): boolean {
    if (member === undefined) return false;
    if (outsideOf !== undefined && member.groups[outsideOf.level] === outsideOf) return false;
    return (fits?.(member) ?? true) && this.add(member);
  }

  #takeShuffled(pool: Member[], wish: Wish): number {
    const { random } = this.#options;
    let taken = 0;
    for (let index = 0; index < pool.length && taken < wish.count && !this.isFull; index++) {
      const other = index + Math.floor(random() * (pool.length - index));
      const picked = pool[other];
      const moved = pool[index];
      if (picked === undefined || moved === undefined) break;
      pool[other] = moved;
      if (this.#addIf(picked, wish)) taken++;
    }
    return taken;
  }
}
