/**
 * Which piece to ask a peer for: rarest first, chosen without a search; what nobody in the rack has before the rest; what
 * was begun and given up before all. No I/O, no clock; who is asked, and how often, is the engine's business.
 */

import type { Distance } from "../locality.ts";
import { PieceSet } from "../piece_set.ts";
import type { Random } from "../random.ts";
import { PieceBuckets } from "./picker_buckets.ts";
import { type Candidates, ChangeLog, isFull, Walk } from "./picker_scan.ts";
import { RackPieces } from "./rack_pieces.ts";

/** What a {@link Picker} is made from. */
export interface PickerOptions {
  readonly pieceCount: number;
  /** Ties between equally rare pieces; hosts with the same chance would ask for the same pieces. */
  readonly random: Random;
  /** Pieces we have already; read once. */
  readonly have: PieceSet;
}

/**
 * How many pieces are looked at in order of rarity before a peer's own bitfield is walked instead. A peer in a swarm of
 * n has about every n-th of the rarest pieces that anyone has: 64 finds one nearly always up to 20 peers, and mostly
 * beyond; what it misses costs rarity, never a piece.
 */
const PROBES = 64;

/** What is known of a peer. */
interface Peer {
  /** Had everything when it was added, and costs nothing per piece. */
  readonly full: boolean;
  /** Its pieces are in the counts. */
  readonly counted: boolean;
  /** For pieces that nobody in the rack has, for any piece, and for {@link Picker.isInteresting}. */
  readonly abroad: Walk;
  readonly anywhere: Walk;
  readonly interesting: Walk;
}

/**
 * The pieces of one download. A peer is known by its {@link PieceSet}: hand in the same object each time, and add to it
 * what the peer announces before calling {@link peerGot} (once per piece: a repeated Have is the caller's to drop).
 *
 * A peer that has everything when it joins costs neither memory nor time per piece. Picking costs the same at 100 pieces
 * and at a million for such a peer; for others at most {@link PROBES} looks in each of two orders, plus a walk over
 * their bitfields that reads each byte once in the download's life.
 */
export class Picker {
  readonly #random: Random;
  readonly #byteCount: number;
  /** How many peers have a piece, without those that had everything when they joined. */
  readonly #counts: Uint32Array;
  readonly #inRack: RackPieces;
  /** Bits of pieces that are neither complete nor started. */
  readonly #open: PieceSet;
  /** Bits of pieces that are not complete. */
  readonly #lacking: PieceSet;
  /** Open pieces that no counted peer of the rack has; the other open ones. */
  readonly #abroad: PieceBuckets;
  readonly #near: PieceBuckets;
  /** Open pieces that had been started (all in the list of count 0), and their bits. */
  readonly #returned: PieceBuckets;
  readonly #wasReturned: PieceSet;
  readonly #peers = new Map<PieceSet, Peer>();
  /** Pieces that a peer got or that were put back, and so may be worth asking for again. */
  readonly #changes = new ChangeLog();
  #missing = 0;
  #started = 0;
  #steps = 0;
  readonly #countStep = () => {
    this.#steps++;
  };

  constructor({ pieceCount, random, have }: PickerOptions) {
    this.#random = random;
    this.#counts = new Uint32Array(pieceCount);
    this.#open = new PieceSet(pieceCount);
    this.#lacking = new PieceSet(pieceCount);
    this.#abroad = new PieceBuckets(pieceCount);
    this.#near = new PieceBuckets(pieceCount);
    this.#returned = new PieceBuckets(pieceCount);
    this.#wasReturned = new PieceSet(pieceCount);
    this.#byteCount = this.#open.bytes.length;
    for (let piece = 0; piece < pieceCount; piece++) {
      if (have.has(piece)) continue;
      this.#lacking.add(piece);
      this.#open.add(piece);
      this.#abroad.add(piece, 0);
      this.#missing++;
    }
    this.#inRack = new RackPieces(pieceCount, {
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

  /** How many of our pieces no peer of the rack has. */
  get owedToRack(): number {
    return this.#inRack.owed;
  }

  /** Pieces, bytes of bitfields and events looked at since the start: what the work grows with, for tests. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * Whether there is an open piece that only peers with everything could bring from that distance or nearer: for the
   * rack one that nobody counted in it has, for farther away one that nobody counted has at all.
   */
  hasRare(distance: Distance): boolean {
    const count = this.#abroad.nextCount(0);
    return distance === "rack" ? count !== -1 : count === 0;
  }

  /** A peer's bitfield joins the counts. A peer that has everything costs a look at its bitfield, 32 pieces at a time. */
  addPeer(has: PieceSet, distance: Distance): void {
    if (this.#peers.has(has)) throw new Error("Picker: a peer that is unknown was expected");
    const full = isFull(has, this.#counts.length);
    if (!full) has.forEach((piece) => this.#count(piece, distance, 1));
    else if (distance === "rack") this.#inRack.addFull(1);
    this.#peers.set(has, this.#newPeer({ full, counted: !full }));
  }

  /** The peer has gone: everything in its set leaves the counts. */
  removePeer(has: PieceSet, distance: Distance): void {
    const peer = this.#peers.get(has);
    if (peer === undefined) throw new Error("Picker: a peer that was added was expected");
    this.#peers.delete(has);
    if (peer.full) {
      if (distance === "rack") this.#inRack.addFull(-1);
      return;
    }
    has.forEach((piece) => this.#count(piece, distance, -1));
    // Many pieces may be in the rack no more: more than the walks could be told one by one.
    if (distance === "rack") this.#changes.forgetAll();
  }

  /** A peer that was added has got one more piece, which is in its set by now. */
  peerGot(index: number, distance: Distance): void {
    this.#count(index, distance, 1);
    this.#changes.add(index);
  }

  /** The next piece for a peer that has these, or undefined if it has none that is open; the piece is now started. */
  pick(has: PieceSet, distance: Distance): number | undefined {
    if (this.#missing === this.#started) return undefined;
    const peer = this.#peers.get(has) ?? this.#newPeer({ full: false, counted: false });
    // What a counted peer of the rack has is in the rack.
    const isNear = distance === "rack" && peer.counted;
    const piece = (isNear ? undefined : this.#pickFrom(this.#abroad, has, peer)) ??
      this.#pickFrom(this.#near, has, peer);
    if (piece === undefined) return undefined;
    this.#close(piece);
    this.#started++;
    return piece;
  }

  /** Starts that piece, which a peer has suggested; false unless it is open and rarer than any: nobody counted has it. */
  take(index: number): boolean {
    if (!this.#open.has(index) || this.#counts[index] !== 0) return false;
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
    this.#inRack.got(index);
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
  #pickFrom(buckets: PieceBuckets, has: PieceSet, peer: Peer): number | undefined {
    const abroad = buckets === this.#abroad;
    const returned = this.#findReturned(has, abroad);
    if (returned !== undefined) return returned;
    const rare = this.#findRare(buckets, has, peer);
    if (rare !== undefined || peer.full) return rare;
    const open = this.#open.bytes;
    const inRack = this.#inRack.bytes;
    const candidates: Candidates = abroad
      ? (byte) => open[byte]! & ~inRack[byte]!
      : (byte) => open[byte]!;
    const walk = abroad ? peer.abroad : peer.anywhere;
    const byteIndex = walk.find(has, this.#changes, candidates, this.#countStep);
    if (byteIndex === -1) return undefined;
    return this.#rarestOf(byteIndex, has.bytes[byteIndex]! & candidates(byteIndex));
  }

  /** One that was put back, if it is among the few that are looked at; it is open in any case. */
  #findReturned(has: PieceSet, abroad: boolean): number | undefined {
    const length = this.#returned.lengthOf(0);
    for (let place = length - 1; place >= Math.max(0, length - PROBES); place--) {
      this.#steps++;
      const piece = this.#returned.at(0, place);
      if (has.has(piece) && this.#inRack.has(piece) !== abroad) return piece;
    }
    return undefined;
  }

  /** A piece by rarity, from a random place among the equally rare. The first one fits a peer that has everything. */
  #findRare(buckets: PieceBuckets, has: PieceSet, peer: Peer): number | undefined {
    let probes = 0;
    // What a counted peer has is counted once at least.
    let count = buckets.nextCount(peer.counted ? 1 : 0);
    for (; count !== -1; count = buckets.nextCount(count + 1)) {
      const length = buckets.lengthOf(count);
      const start = Math.floor(this.#random() * length);
      for (let offset = 0; offset < length; offset++) {
        if (++probes > PROBES) return undefined;
        this.#steps++;
        const piece = buckets.at(count, (start + offset) % length);
        if (peer.full || has.has(piece)) return piece;
      }
    }
    return undefined;
  }

  /** The least frequent of the pieces whose bits are set. */
  #rarestOf(byteIndex: number, bits: number): number {
    let best = -1;
    for (let bit = 0; bit < 8; bit++) {
      if ((bits & (0x80 >> bit)) === 0) continue;
      const piece = byteIndex * 8 + bit;
      if (best === -1 || this.#counts[piece]! < this.#counts[best]!) best = piece;
    }
    return best;
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
    if (distance === "rack") by === 1 ? this.#inRack.raise(piece) : this.#inRack.lower(piece);
    if (open) this.#bucketsOf(piece).add(piece, this.#counts[piece]!);
  }

  #bucketsOf(piece: number): PieceBuckets {
    return this.#inRack.has(piece) ? this.#near : this.#abroad;
  }

  #newPeer(kind: Pick<Peer, "full" | "counted">): Peer {
    const newWalk = () => new Walk(this.#changes, Math.floor(this.#random() * this.#byteCount));
    return { ...kind, abroad: newWalk(), anywhere: newWalk(), interesting: newWalk() };
  }
}
