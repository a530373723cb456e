/**
 * One round of a simulated swarm, by the rules of Rollcall's engine: every leecher requests from a connected host the
 * rarest piece that it has, first those that nobody in the own rack has. A gateway whose rack is behind sends to its rack
 * alone, and the seed of a site is left to that site. Links of hosts, racks and sites carry no more than they can; a piece
 * can be passed on in the round after it has arrived. Whoever sends several pieces in a round sends different ones, as
 * suggestions make hosts do (`torrent/swarm/suggest`).
 */

import type { FleetShape } from "./fleet.ts";
import type { Random } from "../../../base/random.ts";
import type { State } from "./state.ts";

/** Neighbours with something useful that are compared before one is asked. */
const COMPARED = 4;
/** Pieces that a gateway's rack may be behind; see `torrent/swarm/choker/local_first.ts`. */
const BEHIND_PIECES = 4;

/** What links have left in this round. */
interface Tokens {
  readonly up: Float64Array;
  readonly down: Float64Array;
  readonly rackOut: Float64Array;
  readonly rackIn: Float64Array;
  readonly siteOut: Float64Array;
  readonly siteIn: Float64Array;
}

/** Moves pieces round by round. */
export class Transfers {
  readonly #state: State;
  readonly #random: Random;
  readonly #tokens: Tokens;
  readonly #rackLimit: number;
  readonly #siteLimit: number;
  readonly #ownRackFirst: boolean;
  /** How many pieces a host's link carries per round. */
  readonly #perRound: number;
  /** How often each host has sent each piece in this round: `host * pieces + piece`. */
  readonly #sent: Uint8Array;
  /** Bits of the pieces that are on their way to each host in this round. */
  readonly #coming: Uint32Array;
  /** Bits of the pieces that connected hosts of the asker's rack, and of its site, have. */
  readonly #ofMates: Uint32Array;
  readonly #ofSite: Uint32Array;
  /** Whether a host owes its rack, as far as it was asked in this round. */
  readonly #owing = new Map<number, boolean>();
  #pending: [from: number, host: number, piece: number][] = [];

  constructor(
    state: State,
    { random, ownRackFirst }: { readonly random: Random; readonly ownRackFirst: boolean },
  ) {
    const { shape, hosts } = state;
    this.#state = state;
    this.#random = random;
    this.#perRound = shape.perRound ?? 1;
    this.#sent = new Uint8Array(hosts.length * shape.pieces);
    this.#coming = new Uint32Array(state.have.length);
    this.#ofMates = new Uint32Array(state.words);
    this.#ofSite = new Uint32Array(state.words);
    this.#ownRackFirst = ownRackFirst;
    [this.#rackLimit, this.#siteLimit] = limitsOf(shape);
    this.#tokens = {
      up: new Float64Array(hosts.length),
      down: new Float64Array(hosts.length),
      rackOut: new Float64Array(state.racks),
      rackIn: new Float64Array(state.racks),
      siteOut: new Float64Array(shape.sites),
      siteIn: new Float64Array(shape.sites),
    };
  }

  /** Moves what can move; returns whoever became complete. */
  round(): number[] {
    this.#refill();
    this.#owing.clear();
    for (let turn = 0; turn < this.#perRound; turn++) {
      for (const host of this.#inRandomOrder()) {
        if ((this.#tokens.down[host] ?? 0) >= 1) this.#fetchOne(host);
      }
    }
    const completed: number[] = [];
    for (const [from, host, piece] of this.#pending) {
      this.#sent[from * this.#state.shape.pieces + piece] = 0;
      this.#coming[host * this.#state.words + (piece >> 5)] = 0;
      this.#state.give(host, piece);
      if (this.#state.isComplete(host)) completed.push(host);
    }
    this.#pending = [];
    return completed;
  }

  /** What a slow host did not use up it has in the next round, up to one piece or what its link carries in one. */
  #refill(): void {
    const { up, down, rackOut, rackIn, siteOut, siteIn } = this.#tokens;
    for (const { index, rate } of this.#state.hosts) {
      up[index] = Math.min(Math.max(1, rate), (up[index] ?? 0) + rate);
      down[index] = Math.min(Math.max(1, rate), (down[index] ?? 0) + rate);
    }
    rackOut.fill(this.#rackLimit);
    rackIn.fill(this.#rackLimit);
    siteOut.fill(this.#siteLimit);
    siteIn.fill(this.#siteLimit);
  }

  #inRandomOrder(): number[] {
    const { hosts, isUp } = this.#state;
    const order: number[] = [];
    for (const { index } of hosts) {
      if (isUp[index] === 1 && !this.#state.isComplete(index)) order.push(index);
    }
    for (let at = order.length - 1; at > 0; at--) {
      const other = Math.floor(this.#random() * (at + 1));
      const moved = order[at] ?? 0;
      order[at] = order[other] ?? 0;
      order[other] = moved;
    }
    return order;
  }

  #fetchOne(host: number): void {
    const state = this.#state;
    const links = state.linksOf(host);
    const limit = this.#farthest(host);
    const imports = state.isStriped[host] === 1 && limit > 0;
    if (imports) this.#lookAround(host, links);
    // What only it brings in comes before what its mates have.
    if (imports && this.#fetchFrom(host, links, { limit, least: 1 })) return;
    this.#fetchFrom(host, links, { limit: imports ? 0 : limit, least: 0 });
  }

  /** Fetches from a host at a distance from `least` to `limit`; false if none has anything. */
  #fetchFrom(
    host: number,
    links: readonly number[],
    { limit, least }: { readonly limit: number; readonly least: number },
  ): boolean {
    const state = this.#state;
    const { up, rackOut, siteOut } = this.#tokens;
    const start = Math.floor(this.#random() * links.length);
    let [best, bestPiece, bestKey] = [-1, -1, Infinity];
    for (let step = 0, compared = 0; step < links.length && compared < COMPARED; step++) {
      const from = links[(start + step) % links.length] ?? 0;
      if ((up[from] ?? 0) < 1) continue;
      const distance = state.distance(from, host);
      if (distance > limit || distance < least) continue;
      if (distance > 0 && this.#owesItsRack(from)) continue;
      if (distance > 1 && state.isStriped[host] === 0 && this.#isLeftToItsSite(from, links)) {
        continue;
      }
      if (distance > 0 && (rackOut[state.rackOf[from] ?? 0] ?? 0) < 1) continue;
      if (distance > 1 && (siteOut[state.siteOf[from] ?? 0] ?? 0) < 1) continue;
      const [piece, key] = this.#rarest(from, host);
      if (piece < 0) continue;
      compared++;
      if (key < bestKey) [best, bestPiece, bestKey] = [from, piece, key];
    }
    if (best < 0) return false;
    this.#move(best, host, bestPiece);
    return true;
  }

  /** Notes what those that are nearer have: nobody brings it in once more. */
  #lookAround(host: number, links: readonly number[]): void {
    const { words, have } = this.#state;
    this.#ofMates.fill(0);
    this.#ofSite.fill(0);
    for (const other of links) {
      const distance = this.#state.distance(other, host);
      // A seed of the site is where its owners fetch from.
      if (distance === 2 || distance === 1 && this.#state.joinedAsSeed[other] === 1) continue;
      for (let word = 0; word < words; word++) {
        const bits = have[other * words + word]!;
        this.#ofSite[word]! |= bits;
        if (distance === 0) this.#ofMates[word]! |= bits;
      }
    }
  }

  /** Of the pieces that another host has, bits of those that this one may ask it for. */
  #allowed(from: number, to: number, word: number): number {
    const { words, isStriped, rackDuty, siteDuty, joinedAsSeed, sparesSeeds } = this.#state;
    const distance = this.#state.distance(from, to);
    if (isStriped[to] !== 1 || distance === 0) return -1;
    const isForSite = distance === 2 || joinedAsSeed[from] === 1 && sparesSeeds[to] === 1;
    return isForSite
      ? siteDuty[to * words + word]! & ~this.#ofSite[word]!
      : rackDuty[to * words + word]! & ~this.#ofMates[word]!;
  }

  /** Whether it fetches across a border, and holds more that is new to its rack than the rack should wait for. */
  #owesItsRack(host: number): boolean {
    const known = this.#owing.get(host);
    if (known !== undefined) return known;
    const owes = this.#countOwed(host) > BEHIND_PIECES * this.#perRound;
    this.#owing.set(host, owes);
    return owes;
  }

  #countOwed(host: number): number {
    const state = this.#state;
    const { have, words, inRack, rackOf, reach, shape: { pieces } } = state;
    if (
      !this.#ownRackFirst || state.isStriped[host] === 1 || reach[host] === 0 ||
      state.isComplete(host)
    ) return 0;
    const isMate = (other: number) => state.distance(other, host) === 0 && !state.isComplete(other);
    if (!state.linksOf(host).some(isMate)) return 0;
    const rackBase = (rackOf[host] ?? 0) * pieces;
    let owed = 0;
    for (let word = 0; word < words; word++) {
      for (let bits = have[host * words + word] ?? 0; bits !== 0; bits &= bits - 1) {
        const piece = word * 32 + 31 - Math.clz32(bits & -bits);
        if (inRack[rackBase + piece] === 1) owed++;
      }
    }
    return owed;
  }

  /** Whether a host of another site has everything, and neighbours to whom we are connected bring it as well. */
  #isLeftToItsSite(origin: number, links: readonly number[]): boolean {
    const state = this.#state;
    const { siteOf, count } = state;
    if (!state.isComplete(origin)) return false;
    return links.some((other) =>
      siteOf[other] === siteOf[origin] && !state.isComplete(other) && (count[other] ?? 0) > 0
    );
  }

  /** From how far a host can fetch now: as far as it may, and as the links into its rack and site have room. */
  #farthest(host: number): number {
    const { rackOf, siteOf, reach } = this.#state;
    const { rackIn, siteIn } = this.#tokens;
    if ((rackIn[rackOf[host] ?? 0] ?? 0) < 1) return 0;
    return Math.min(reach[host] ?? 0, (siteIn[siteOf[host] ?? 0] ?? 0) < 1 ? 1 : 2);
  }

  /** Of what one has and the other lacks. Equally rare ones have the same chance. */
  #rarest(from: number, to: number): [piece: number, key: number] {
    const { have, words, inRack, inFleet, shape: { pieces }, hosts } = this.#state;
    const rackBase = (this.#state.rackOf[to] ?? 0) * pieces;
    let [best, bestKey, ties] = [-1, Infinity, 0];
    for (let word = 0; word < words; word++) {
      let bits = (have[from * words + word] ?? 0) & ~(have[to * words + word] ?? 0) &
        ~this.#coming[to * words + word]! & this.#allowed(from, to, word);
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits & -bits);
        bits &= bits - 1;
        const piece = word * 32 + bit;
        const sent = this.#sent[from * pieces + piece]!;
        const key = ((inRack[rackBase + piece] ?? 0) + sent) * (hosts.length + 1) +
          (inFleet[piece] ?? 0) + sent;
        if (key < bestKey) [best, bestKey, ties] = [piece, key, 1];
        else if (key === bestKey && this.#random() * ++ties < 1) best = piece;
      }
    }
    return [best, bestKey];
  }

  #move(from: number, to: number, piece: number): void {
    const state = this.#state;
    const { up, down, rackOut, rackIn, siteOut, siteIn } = this.#tokens;
    const [source, target] = [state.host(from), state.host(to)];
    this.#pending.push([from, to, piece]);
    this.#sent[from * state.shape.pieces + piece]!++;
    this.#coming[to * state.words + (piece >> 5)]! |= 1 << (piece & 31);
    state.sources[to]?.push(from);
    state.noteUse(from, to);
    spend(up, from);
    spend(down, to);
    const distance = state.distance(from, to);
    if (distance === 0) return;
    spend(rackOut, source.rack);
    spend(rackIn, target.rack);
    if (distance === 1) {
      state.intoRack[target.rack] = (state.intoRack[target.rack] ?? 0) + 1;
      return;
    }
    spend(siteOut, source.site);
    spend(siteIn, target.site);
    state.intoSite[target.site] = (state.intoSite[target.site] ?? 0) + 1;
  }
}

function spend(tokens: Float64Array, at: number): void {
  tokens[at] = (tokens[at] ?? 0) - 1;
}

/** Pieces per round over the link of a rack and of a site: at least one each. */
export function limitsOf(shape: FleetShape): [rack: number, site: number] {
  const perSite = shape.hosts / shape.sites;
  const perRack = perSite / shape.racksPerSite;
  const perRound = shape.perRound ?? 1;
  return [
    Math.max(1, Math.floor(perRack * shape.rackLink)) * perRound,
    Math.max(1, Math.floor(perSite * shape.siteLink)) * perRound,
  ];
}
