/**
 * Which piece to ask a peer for: rarest first, chosen without a search; what nobody at home (in the rack) has before the
 * rest; what was begun and given up before all. No I/O, no clock; who is asked, and how often, is the engine's business.
 */

import type { Distance } from "../../../base/locality.ts";
import { PieceSet } from "../../content/piece_set.ts";
import type { Random } from "../../../base/random.ts";
import { LocalAvailability } from "./local_availability.ts";
import { RarityBuckets } from "./rarity_buckets.ts";
import {
  BitfieldWalk,
  type Candidates,
  ChangeLog,
  isFull,
  rarestOf,
  sampleRarest,
} from "./bitfield_walk.ts";

/** What a {@link PiecePicker} is made from. */
export interface PiecePickerOptions {
  readonly pieceCount: number;
  /** Ties between equally rare pieces; hosts with the same chance would ask for the same pieces. */
  readonly random: Random;
  /** Pieces we have already; read once. */
  readonly have: PieceSet;
  /** Who our own are: what none of them has is picked first, and counted as owed. Default: the rack. */
  readonly home?: "rack" | "site";
}

/** So many are looked at in order of rarity before a peer's own pieces are; what that misses costs rarity, never a piece. */
const PROBES = 64;

/**
 * So many of them among equally rare pieces, as long as more than {@link PROBES} are open: what only a gateway has may be
 * rarer than anything its neighbours have, and must not use up all looks at theirs.
 */
const PROBES_PER_COUNT = 16;

/** What is known of a peer. */
interface Peer {
  /** Had everything when it was added, and costs nothing per piece. */
  readonly full: boolean;
  /** Its pieces are in the counts. */
  readonly counted: boolean;
  /** For pieces that nobody at home has, for any piece, and for {@link PiecePicker.isInteresting}. */
  readonly abroad: BitfieldWalk;
  readonly anywhere: BitfieldWalk;
  readonly interesting: BitfieldWalk;
}

/**
 * The pieces of one download. A peer is known by its {@link PieceSet}: hand in the same object each time, and add to it
 * what the peer announces before calling {@link peerGot} (once per piece: a repeated Have is the caller's to drop).
 *
 * A peer that has everything when it joins costs neither memory nor time per piece. Picking costs the same at 100 pieces
 * and at a million for such a peer; for others at most {@link PROBES} looks and a few samples in each of two orders, plus
 * a walk over their bitfields that reads each byte once in the download's life.
 */
export class PiecePicker {
  readonly #random: Random;
  /** How many peers have a piece, without those that had everything when they joined. */
  readonly #counts: Uint32Array;
  readonly #atHome: LocalAvailability;
  /** Bits of pieces that are neither complete nor started. */
  readonly #open: PieceSet;
  /** Bits of pieces that are not complete. */
  readonly #lacking: PieceSet;
  /** Open pieces that no counted peer at home has; the other open ones. */
  readonly #abroad: RarityBuckets;
  readonly #near: RarityBuckets;
  /** Open pieces that had been started (all in the list of count 0), and their bits. */
  readonly #returned: RarityBuckets;
  readonly #wasReturned: PieceSet;
  readonly #peers = new Map<PieceSet, Peer>();
  /** Pieces that a peer got or that were put back, and so may be worth asking for again. */
  readonly #changes = new ChangeLog();
  #missing = 0;
  #started = 0;
  #steps = 0;
  readonly #countStep = () => void this.#steps++;

  constructor({ pieceCount, random, have, home = "rack" }: PiecePickerOptions) {
    this.#random = random;
    this.#counts = new Uint32Array(pieceCount);
    this.#open = new PieceSet(pieceCount);
    this.#lacking = new PieceSet(pieceCount);
    this.#abroad = new RarityBuckets(pieceCount);
    this.#near = new RarityBuckets(pieceCount);
    this.#returned = new RarityBuckets(pieceCount);
    this.#wasReturned = new PieceSet(pieceCount);
    for (let piece = 0; piece < pieceCount; piece++) {
      if (have.has(piece)) continue;
      this.#lacking.add(piece);
      this.#open.add(piece);
      this.#abroad.add(piece, 0);
      this.#missing++;
    }
    this.#atHome = new LocalAvailability(pieceCount, {
      home,
      ours: pieceCount - this.#missing,
      isOurs: (piece) => !this.#lacking.has(piece),
    });
  }

  /** How many pieces we lack, started or not. */
  get missing(): number {
    return this.#missing;
  }

  /** How many of those have been picked and are under way. The endgame begins when all that is missing is started. */
  get started(): number {
    return this.#started;
  }

  /** How many of our pieces no peer at home has. */
  get owedHome(): number {
    return this.#atHome.owed;
  }

  /** Pieces, bytes of bitfields and events looked at since the start: what the work grows with, for tests. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * Whether there is an open piece that only peers with everything could bring from that distance or nearer: at home one that
   * nobody counted there has, for farther away one that nobody counted has at all.
   */
  hasRare(distance: Distance): boolean {
    const count = this.#abroad.nextCount(0);
    return this.#atHome.includes(distance) ? count !== -1 : count === 0;
  }

  /** A peer's bitfield joins the counts. A peer that has everything costs a look at its bitfield, 32 pieces at a time. */
  addPeer(has: PieceSet, distance: Distance): void {
    if (this.#peers.has(has)) throw new Error("Picker: a peer that is unknown was expected");
    const full = isFull(has, this.#counts.length);
    if (!full) has.forEach((piece) => this.#count(piece, distance, 1));
    else if (this.#atHome.includes(distance)) this.#atHome.addFull(1);
    this.#peers.set(has, this.#newPeer({ full, counted: !full }));
  }

  /** The peer has gone: everything in its set leaves the counts. */
  removePeer(has: PieceSet, distance: Distance): void {
    const peer = this.#peers.get(has);
    if (peer === undefined) throw new Error("Picker: a peer that was added was expected");
    this.#peers.delete(has);
    if (peer.full) {
      if (this.#atHome.includes(distance)) this.#atHome.addFull(-1);
      return;
    }
    has.forEach((piece) => this.#count(piece, distance, -1));
    // Many pieces may be there no more: more than the walks could be told one by one.
    if (this.#atHome.includes(distance)) this.#changes.forgetAll();
  }

  /** A peer that was added has got one more piece, which is in its set by now or will be when it {@link peerOffers} it. */
  peerGot(index: number, distance: Distance): void {
    this.#count(index, distance, 1);
    this.#changes.add(index);
  }

  /** It may be asked for one that it got earlier, which is in its set by now. */
  peerOffers(index: number): void {
    this.#changes.add(index);
  }

  /** The next piece for a peer that has these, or undefined if it has none that is open; the piece is now started. */
  pick(has: PieceSet, distance: Distance): number | undefined {
    if (this.#missing === this.#started) return undefined;
    const peer = this.#peers.get(has) ?? this.#newPeer({ full: false, counted: false });
    // What a counted peer at home has is there.
    const isNear = this.#atHome.includes(distance) && peer.counted;
    const piece = (isNear ? undefined : this.#pickFrom(this.#abroad, has, peer)) ??
      this.#pickFrom(this.#near, has, peer);
    if (piece === undefined) return undefined;
    this.#close(piece);
    this.#started++;
    return piece;
  }

  /** Starts that piece, which a peer with these has suggested; false unless it is open and nobody else is to bring it. */
  take(index: number, has: PieceSet, distance: Distance): boolean {
    // A peer with everything is not to bring what a counted one has, one from abroad not what one at home has.
    const isThere = this.#peers.get(has)?.full === false
      ? this.#atHome.has(index) && !this.#atHome.includes(distance)
      : this.#counts[index] !== 0;
    if (isThere || !this.#open.has(index)) return false;
    this.#close(index);
    this.#started++;
    return true;
  }

  /** A started piece that was given up, or that failed its hash: it can be picked again, and soon. */
  putBack(index: number): void {
    if (!this.#lacking.has(index) || this.#open.has(index)) return;
    this.#started--;
    this.#open.add(index);
    this.#bucketsOf(index).add(index, this.#counts[index]!);
    this.#returned.add(index, 0);
    this.#wasReturned.add(index);
    this.#changes.add(index);
  }

  /** We have it now, whether it was started or not. */
  complete(index: number): void {
    if (!this.#lacking.has(index)) return;
    if (this.#open.has(index)) this.#close(index);
    else this.#started--;
    this.#lacking.delete(index);
    this.#atHome.got(index);
    this.#missing--;
  }

  /** Whether the peer has anything that we lack, started or not. */
  isInteresting(has: PieceSet): boolean {
    if (this.#missing === 0) return false;
    const { full, interesting: walk } = this.#peers.get(has) ??
      this.#newPeer({ full: false, counted: false });
    if (full) return true;
    const lacking = this.#lacking.bytes;
    return walk.find(has, this.#changes, (byte) => lacking[byte]!, this.#countStep) !== -1;
  }

  /** One of the two orders: what was put back, the rarest, then whatever the peer has. */
  #pickFrom(buckets: RarityBuckets, has: PieceSet, peer: Peer): number | undefined {
    const abroad = buckets === this.#abroad;
    const returned = this.#findReturned(has, abroad);
    if (returned !== undefined) return returned;
    const rare = this.#findRare(buckets, has, peer);
    if (rare !== undefined || peer.full) return rare;
    const open = this.#open.bytes;
    const atHome = this.#atHome.bytes;
    const candidates: Candidates = abroad
      ? (byte) => open[byte]! & ~atHome[byte]!
      : (byte) => open[byte]!;
    const order = { counts: this.#counts, random: this.#random };
    const sampled = sampleRarest(has, candidates, { ...order, countStep: this.#countStep });
    if (sampled !== -1) return sampled;
    const walk = abroad ? peer.abroad : peer.anywhere;
    const byteIndex = walk.find(has, this.#changes, candidates, this.#countStep);
    if (byteIndex === -1) return undefined;
    return rarestOf(byteIndex, has.bytes[byteIndex]! & candidates(byteIndex), order);
  }

  /** One that was put back, if it is among the few that are looked at; it is open in any case. */
  #findReturned(has: PieceSet, abroad: boolean): number | undefined {
    const length = this.#returned.lengthOf(0);
    for (let place = length - 1; place >= Math.max(0, length - PROBES); place--) {
      this.#steps++;
      const piece = this.#returned.at(0, place);
      if (has.has(piece) && this.#atHome.has(piece) !== abroad) return piece;
    }
    return undefined;
  }

  /** A piece by rarity, from a random place among the equally rare. The first one fits a peer that has everything. */
  #findRare(buckets: RarityBuckets, has: PieceSet, peer: Peer): number | undefined {
    let probes = 0;
    const most = this.#missing - this.#started > PROBES ? PROBES_PER_COUNT : PROBES;
    // What a counted peer has is counted once at least.
    let count = buckets.nextCount(peer.counted ? 1 : 0);
    for (; count !== -1; count = buckets.nextCount(count + 1)) {
      const length = buckets.lengthOf(count);
      const start = Math.floor(this.#random() * length);
      for (let offset = 0; offset < Math.min(length, most); offset++) {
        if (++probes > PROBES) return undefined;
        this.#steps++;
        const piece = buckets.at(count, (start + offset) % length);
        if (peer.full || has.has(piece)) return piece;
      }
    }
    return undefined;
  }

  /** Takes an open piece out of everything that is picked from. */
  #close(piece: number): void {
    this.#bucketsOf(piece).remove(piece, this.#counts[piece]!);
    this.#open.delete(piece);
    if (!this.#wasReturned.has(piece)) return;
    this.#returned.remove(piece, 0);
    this.#wasReturned.delete(piece);
  }

  /** One more peer has it, or one less. */
  #count(piece: number, distance: Distance, by: 1 | -1): void {
    this.#steps++;
    const open = this.#open.has(piece);
    if (open) this.#bucketsOf(piece).remove(piece, this.#counts[piece]!);
    this.#counts[piece] = this.#counts[piece]! + by;
    if (this.#atHome.includes(distance)) {
      by === 1 ? this.#atHome.raise(piece) : this.#atHome.lower(piece);
    }
    if (open) this.#bucketsOf(piece).add(piece, this.#counts[piece]!);
  }

  #bucketsOf(piece: number): RarityBuckets {
    return this.#atHome.has(piece) ? this.#near : this.#abroad;
  }

  #newPeer(kind: Pick<Peer, "full" | "counted">): Peer {
    const newWalk = () =>
      new BitfieldWalk(this.#changes, Math.floor(this.#random() * this.#open.bytes.length));
    return { ...kind, abroad: newWalk(), anywhere: newWalk(), interesting: newWalk() };
  }
}
