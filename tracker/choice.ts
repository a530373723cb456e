/**
 * Collects the peers of one answer: nobody twice, nobody silent, never the asker. Takes a random few
 * out of a group without copying it, since a group may have tens of thousands.
 */

import { isSilent } from "./gateways.ts";
import type { Group, Member } from "./members.ts";
import type { Policy } from "./policy.ts";
import type { Random } from "./random.ts";

/** What a choice needs. */
export interface ChoiceOptions {
  readonly policy: Policy;
  /** At most so many. */
  readonly wanted: number;
  /** Only addresses of that family, where the reply has no room for others (UDP, BEP 15). */
  readonly family?: 4 | 6 | undefined;
  readonly nowMs: number;
  readonly random: Random;
}

/** Which part of a group. */
export type Part = "seeds" | "holders" | "empty" | "leechers" | "all";

/** The length of a compact IPv4 address with its port (BEP 23). */
const IPV4_BYTES = 6;
/** Stamps tell who is in the current answer; a set per answer would be garbage 30,000 times a second. */
let lastStamp = 0;

/** See the file's head. */
export class Choice {
  readonly peers: Member[] = [];
  readonly #options: ChoiceOptions;
  readonly #stamp = ++lastStamp;

  constructor(asker: Member, options: ChoiceOptions) {
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

  /** Takes up to `count` of a part of a group, any of them with the same chance; returns how many. */
  take(
    group: Group,
    part: Part,
    { count, fits }: { count: number; fits?: (member: Member) => boolean },
  ): number {
    const [from, to] = boundsOf(group, part);
    const size = to - from;
    if (size <= 0 || count <= 0) return 0;
    if (size <= 2 * count) return this.#takeShuffled(group.list.slice(from, to), count, fits);
    const { random } = this.#options;
    let taken = 0;
    // Twice as many as wanted are there: a few tries each are enough, unless most of them do not fit.
    for (let tries = 4 * count + 8; tries > 0 && taken < count && !this.isFull; tries--) {
      const member = group.list[from + Math.floor(random() * size)];
      if (member !== undefined && (fits?.(member) ?? true) && this.add(member)) taken++;
    }
    // Where hardly anybody fits, one is enough; the next announce brings another.
    if (taken > 0 && fits !== undefined) return taken;
    const start = Math.floor(random() * size);
    for (let step = 0; step < size && taken < count && !this.isFull; step++) {
      const member = group.list[from + (start + step) % size];
      if (member !== undefined && (fits?.(member) ?? true) && this.add(member)) taken++;
    }
    return taken;
  }

  #takeShuffled(
    pool: Member[],
    count: number,
    fits: ((member: Member) => boolean) | undefined,
  ): number {
    const { random } = this.#options;
    let taken = 0;
    for (let index = 0; index < pool.length && taken < count && !this.isFull; index++) {
      const other = index + Math.floor(random() * (pool.length - index));
      const picked = pool[other];
      const moved = pool[index];
      if (picked === undefined || moved === undefined) break;
      pool[other] = moved;
      if ((fits?.(picked) ?? true) && this.add(picked)) taken++;
    }
    return taken;
  }
}

function boundsOf(group: Group, part: Part): [from: number, to: number] {
  switch (part) {
    case "seeds":
      return [0, group.seeds];
    case "holders":
      return [group.seeds, group.withData];
    case "empty":
      return [group.withData, group.size];
    case "leechers":
      return [group.seeds, group.size];
    case "all":
      return [0, group.size];
  }
}
