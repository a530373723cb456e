/**
 * Collects the peers of one answer: nobody twice, nobody who has timed out, never the asker. Draws a random few out of a
 * group without copying it, since a group may have tens of thousands of members.
 */

import { isTimedOut } from "./gateway_election.ts";
import type { BucketRange, Group, Member } from "../members/mod.ts";
import type { HandoutSettings } from "./handout_settings.ts";
import type { Random } from "../../base/random.ts";

/** What a sample is drawn by. */
export interface PeerSampleOptions {
  readonly settings: HandoutSettings;
  /** The most peers in the answer. */
  readonly wanted: number;
  /** Only addresses of that family, where the answer has no room for others (UDP, BEP 15). Default: any. */
  readonly family?: 4 | 6 | undefined;
  readonly nowMs: number;
  readonly random: Random;
}

/** Whom to draw out of a range of a group. */
export interface SampleRequest {
  /** The most members to draw. */
  readonly count: number;
  /** Nobody of that site or rack. Default: no such limit. */
  readonly outsideOf?: Group;
  /** Default: everybody fits. */
  readonly fits?: (member: Member) => boolean;
}

/** The length of a compact IPv4 address with its port (BEP 23). */
const IPV4_BYTES = 6;
/**
 * Where hardly anybody fits, this many members are looked at, and the next announce looks at others. Few members of a range
 * do not fit: gateways, and those inside the border that is to be crossed.
 */
const MAX_LOOKS = 128;
/** A member with the current stamp is in the current answer; a set per answer would be garbage 30,000 times a second. */
let lastStamp = 0;

/** The peers of one answer, as they are drawn. */
export class PeerSample {
  /** Those that were drawn so far. */
  readonly peers: Member[] = [];
  readonly #options: PeerSampleOptions;
  readonly #stamp = ++lastStamp;

  constructor(asker: Member, options: PeerSampleOptions) {
    this.#options = options;
    asker.stamp = this.#stamp;
  }

  /** Whether as many were drawn as are wanted. */
  get isFull(): boolean {
    return this.peers.length >= this.#options.wanted;
  }

  /** Adds a member unless it is in, has timed out, or there is no room; returns whether it was added. */
  add(member: Member): boolean {
    const { family } = this.#options;
    if (member.stamp === this.#stamp || this.isFull) return false;
    if (family !== undefined && (member.compact.length === IPV4_BYTES) !== (family === 4)) {
      return false;
    }
    if (isTimedOut(member, this.#options)) return false;
    member.stamp = this.#stamp;
    this.peers.push(member);
    return true;
  }

  /** Draws members of a range of a group, each with the same chance; returns how many. */
  take(group: Group, range: BucketRange, request: SampleRequest): number {
    const { count, outsideOf } = request;
    const from = group.begin(range);
    const size = group.count(range);
    if (size <= (outsideOf?.count(range) ?? 0) || count <= 0 || this.isFull) return 0;
    const kind = group.countOfKind(range);
    if (kind <= 2 * count) return this.#takeShuffled(group.list.slice(from, from + size), request);
    const { random } = this.#options;
    let taken = 0;
    // More than twice as many as wanted are there: a few tries each are enough, unless most of them do not fit. A try
    // that meets a taken member fails, so the fewer are free, the fewer are drawn at once.
    for (let tries = 4 * count + 8; tries > 0 && taken < count && !this.isFull; tries--) {
      const at = Math.floor(random() * kind);
      if (at < size && this.#addIf(group.list[from + at], request)) taken++;
    }
    // Where hardly anybody fits, one is enough; the next announce brings another one.
    if (taken > 0 && (size < kind || (request.fits ?? outsideOf) !== undefined)) return taken;
    const start = Math.floor(random() * size);
    const looks = Math.min(size, MAX_LOOKS);
    for (let step = 0; step < looks && taken < count && !this.isFull; step++) {
      if (this.#addIf(group.list[from + (start + step) % size], request)) taken++;
    }
    return taken;
  }

  #addIf(member: Member | undefined, { outsideOf, fits }: SampleRequest): boolean {
    if (member === undefined) return false;
    if (outsideOf !== undefined && member.groups[outsideOf.level] === outsideOf) return false;
    return (fits?.(member) ?? true) && this.add(member);
  }

  #takeShuffled(pool: Member[], request: SampleRequest): number {
    const { random } = this.#options;
    let taken = 0;
    for (let index = 0; index < pool.length && taken < request.count && !this.isFull; index++) {
      const other = index + Math.floor(random() * (pool.length - index));
      const picked = pool[other];
      const moved = pool[index];
      if (picked === undefined || moved === undefined) break;
      pool[other] = moved;
      if (this.#addIf(picked, request)) taken++;
    }
    return taken;
  }
}
