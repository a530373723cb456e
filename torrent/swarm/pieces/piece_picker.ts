/**
 * Which piece to ask a peer for: rarest first, chosen without a search; pieces that no local peer has before the
 * others; pieces that were started and given up before all. No I/O, no clock; which peer is asked, and when, is decided
 * in `request_scheduler.ts`.
 */

import type { Distance } from "../../../base/locality.ts";
import { PieceSet } from "../../content/piece_set.ts";
import type { StripeDuty } from "../../../base/stripes.ts";
import type { Random } from "../../../base/random.ts";
import { LocalAvailability } from "./local_availability.ts";
import { RarityBuckets } from "./rarity_buckets.ts";
import { type ImportSource, StripedImport } from "./striped_import.ts";
import {
  BitfieldWalk,
  type Candidates,
  ChangeLog,
  findRarest,
  isFull,
  rarestOf,
  sampleRarest,
} from "./bitfield_walk.ts";

/** What a {@link PiecePicker} is made from. */
export interface PiecePickerOptions {
  readonly pieceCount: number;
  /** Decides between equally rare pieces. Hosts with the same random numbers would ask for the same pieces. */
  readonly random: Random;
  /** Pieces that we have already; read once. */
  readonly have: PieceSet;
  /** Which peers are local: pieces that none of them has are picked first. Default: those of our rack. */
  readonly localScope?: "rack" | "site";
}

/**
 * This many pieces are looked at in order of rarity before those of the peer's bitfield are. What that misses makes a less
 * rare piece be picked, but no piece be missed.
 */
const PROBES = 64;

/**
 * This many of those among equally rare pieces, as long as more than {@link PROBES} pieces are open: the pieces that only a
 * gateway has may be rarer than all that its neighbours have, and must not use up the probes for theirs.
 */
const PROBES_PER_COUNT = 16;

/** What is known of a peer. */
interface PickerPeer {
  readonly distance: Distance;
  /** Whether it had every piece when it was added: then it costs nothing per piece. */
  readonly isSeed: boolean;
  /** Whether its pieces are in the counts. */
  readonly isCounted: boolean;
  /** Finds pieces that no local peer has. */
  readonly notLocalWalk: BitfieldWalk;
  /** Finds any open piece. */
  readonly openWalk: BitfieldWalk;
  /** Finds pieces that are missing, for {@link PiecePicker.isInteresting}. */
  readonly missingWalk: BitfieldWalk;
}

/**
 * The pieces of one download. A piece is open (neither complete nor started), started, or complete. A peer is
 * identified by its {@link PieceSet}: hand in the same object each time, and add to it what the peer announces before
 * calling {@link peerGot} (once per piece: the caller drops repeated haves).
 *
 * A peer that has every piece when it joins costs neither memory nor time per piece, and picking for it costs the same
 * at 100 pieces and at a million. For other peers a pick costs at most {@link PROBES} probes and a few samples in each
 * of two orders, plus a walk over their bitfields that reads each byte once in the download's life.
 */
export class PiecePicker {
  readonly #random: Random;
  /** How many peers have each piece, without those that joined as seeds. */
  readonly #counts: Uint32Array;
  readonly #local: LocalAvailability;
  /** Bits of the open pieces. */
  readonly #open: PieceSet;
  /** Bits of the pieces that are not complete. */
  readonly #lacking: PieceSet;
  /** Open pieces that no counted local peer has. */
  readonly #notLocalBuckets: RarityBuckets;
  /** The other open pieces. */
  readonly #localBuckets: RarityBuckets;
  /** Open pieces that had been started and were put back (all in the list of count 0), and their bits. */
  readonly #returned: RarityBuckets;
  readonly #wasReturned: PieceSet;
  /** What may come from outside of the rack. */
  readonly #import: StripedImport;
  readonly #peers = new Map<PieceSet, PickerPeer>();
  /** Pieces that a peer got or that were put back, and so may have become worth asking for. */
  readonly #changes = new ChangeLog();
  #missing = 0;
  #started = 0;
  #steps = 0;
  readonly #countStep = () => void this.#steps++;

  constructor({ pieceCount, random, have, localScope = "rack" }: PiecePickerOptions) {
    this.#random = random;
    this.#import = new StripedImport(pieceCount);
    this.#counts = new Uint32Array(pieceCount);
    this.#open = new PieceSet(pieceCount);
    this.#lacking = new PieceSet(pieceCount);
    this.#notLocalBuckets = new RarityBuckets(pieceCount);
    this.#localBuckets = new RarityBuckets(pieceCount);
    this.#returned = new RarityBuckets(pieceCount);
    this.#wasReturned = new PieceSet(pieceCount);
    for (let piece = 0; piece < pieceCount; piece++) {
      if (have.has(piece)) continue;
      this.#lacking.add(piece);
      this.#open.add(piece);
      this.#notLocalBuckets.add(piece, 0);
      this.#missing++;
    }
    this.#local = new LocalAvailability(pieceCount, {
      scope: localScope,
      ours: pieceCount - this.#missing,
      isOurs: (piece) => !this.#lacking.has(piece),
    });
  }

  /** Whether the import is striped. */
  get isStriped(): boolean {
    return this.#import.isStriped;
  }

  /** Sets what we bring in from now on; undefined: the import is not striped. */
  setDuty(duty: StripeDuty | undefined): void {
    this.#import.setDuty(duty);
    this.#changes.forgetAll();
  }

  /** See {@link StripedImport.setSuspended}. */
  suspendStripes(isSuspended: boolean): void {
    this.#import.setSuspended(isSuspended);
    this.#changes.forgetAll();
  }

  /** Whether a piece that is being fetched may come from that peer. */
  mayCome(piece: number, source: ImportSource): boolean {
    return this.#import.mayCome(piece, source);
  }

  /** Whether not everything may come from a peer at that distance. */
  limits(distance: Distance): boolean {
    return this.#import.limits(distance);
  }

  /** How many pieces we lack, started or not. */
  get missing(): number {
    return this.#missing;
  }

  /** How many of those are started. The endgame begins when every missing piece is. */
  get started(): number {
    return this.#started;
  }

  /** How many of our pieces no local peer has. */
  get missingLocally(): number {
    return this.#local.missing;
  }

  /** Pieces, bytes of bitfields and changes looked at since the start: what the work grows with, for tests. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * Whether there is an open piece that only seeds could bring from that distance or nearer: for a local distance a
   * piece that no counted local peer has, for others a piece that no counted peer has at all.
   */
  hasRare(distance: Distance): boolean {
    const count = this.#notLocalBuckets.nextCount(0);
    return this.#local.includes(distance) ? count !== -1 : count === 0;
  }

  /** Adds a peer's bitfield to the counts. A seed costs one look at its bitfield, 32 pieces at a time. */
  addPeer(has: PieceSet, distance: Distance): void {
    if (this.#peers.has(has)) throw new Error("Picker: a peer that is unknown was expected");
    const isSeed = isFull(has, this.#counts.length);
    if (!isSeed) has.forEach((piece) => this.#count(piece, distance, 1));
    else if (this.#local.includes(distance)) this.#local.addSeed(1);
    this.#peers.set(has, this.#newPeer(distance, { isSeed, isCounted: !isSeed }));
  }

  /** The peer has gone: takes everything in its set out of the counts. */
  removePeer(has: PieceSet, distance: Distance): void {
    const peer = this.#peers.get(has);
    if (peer === undefined) throw new Error("Picker: a peer that was added was expected");
    this.#peers.delete(has);
    if (peer.isSeed) {
      if (this.#local.includes(distance)) this.#local.addSeed(-1);
      return;
    }
    has.forEach((piece) => this.#count(piece, distance, -1));
    // Many pieces may be local no more: more than could be told to the walks one by one.
    if (this.#local.includes(distance) || this.isStriped && distance === "site") {
      this.#changes.forgetAll();
    }
  }

  /**
   * A peer that was added has got a piece, which is in its set by now, or will be when {@link peerOffers} is called for
   * it.
   */
  peerGot(index: number, distance: Distance): void {
    this.#count(index, distance, 1);
    this.#changes.add(index);
  }

  /** A peer may be asked for a piece that it got earlier, which is in its set by now. */
  peerOffers(index: number): void {
    this.#changes.add(index);
  }

  /** Starts and returns the next piece for a peer that has these pieces; undefined if none of them is open. */
  pick(has: PieceSet, distance: Distance): number | undefined {
    if (this.#missing === this.#started) return undefined;
    const peer = this.#peers.get(has) ?? this.#newStranger(distance);
    const piece = this.#import.limits(distance)
      ? this.#pickImport(has, peer)
      : this.#pickAny(has, distance, peer);
    if (piece === undefined) return undefined;
    this.#close(piece);
    this.#started++;
    return piece;
  }

  #pickAny(has: PieceSet, distance: Distance, peer: PickerPeer): number | undefined {
    // Whatever a counted local peer has is available locally.
    const isLocal = this.#local.includes(distance) && peer.isCounted;
    return (isLocal ? undefined : this.#pickFrom(this.#notLocalBuckets, has, peer)) ??
      this.#pickFrom(this.#localBuckets, has, peer);
  }

  /** The rarest piece that may come from a peer outside of the rack. */
  #pickImport(has: PieceSet, peer: PickerPeer): number | undefined {
    const open = this.#open.bytes;
    const candidates = this.#importOf((byte) => open[byte]!, peer);
    const order = { counts: this.#counts, random: this.#random, countStep: this.#countStep };
    const rarest = findRarest(has, candidates, order);
    if (rarest !== undefined) return rarest === -1 ? undefined : rarest;
    const sampled = sampleRarest(has, candidates, order);
    if (sampled !== -1) return sampled;
    const byteIndex = peer.openWalk.find(has, this.#changes, candidates, this.#countStep);
    if (byteIndex === -1) return undefined;
    return rarestOf(byteIndex, has.bytes[byteIndex]! & candidates(byteIndex), order);
  }

  #importOf(candidates: Candidates, { distance, isSeed }: PickerPeer): Candidates {
    if (this.#local.hasSeed && this.#import.limits(distance)) return () => 0;
    return this.#import.among(candidates, this.#local.bytes, { distance, joinedAsSeed: isSeed });
  }

  /**
   * Starts a piece that a peer with these pieces has suggested. False unless it is open and nobody else is to bring it.
   */
  take(index: number, has: PieceSet, distance: Distance): boolean {
    const joinedAsSeed = this.#peers.get(has)?.isSeed === true;
    if (!this.#import.mayCome(index, { distance, joinedAsSeed })) return false;
    // A seed is not to bring what a counted peer has, a peer elsewhere not what a local one has.
    const isAvailable = this.#peers.get(has)?.isSeed === false
      ? this.#local.has(index) && !this.#local.includes(distance)
      : this.#counts[index] !== 0;
    if (isAvailable || !this.#open.has(index)) return false;
    this.#close(index);
    this.#started++;
    return true;
  }

  /** A started piece was given up, or did not match its hash: it is open again, and picked soon. */
  putBack(index: number): void {
    if (!this.#lacking.has(index) || this.#open.has(index)) return;
    this.#started--;
    this.#open.add(index);
    this.#bucketsOf(index).add(index, this.#counts[index]!);
    this.#returned.add(index, 0);
    this.#wasReturned.add(index);
    this.#changes.add(index);
  }

  /** We have that piece now, whether it was started or not. */
  complete(index: number): void {
    if (!this.#lacking.has(index)) return;
    if (this.#open.has(index)) this.#close(index);
    else this.#started--;
    this.#lacking.delete(index);
    this.#local.got(index);
    this.#missing--;
  }

  /** Whether a peer with these pieces has one that is not complete, and that may come from it. */
  isInteresting(has: PieceSet): boolean {
    if (this.#missing === 0) return false;
    const peer = this.#peers.get(has) ?? this.#newStranger("rack");
    if (peer.isSeed && !this.#import.limits(peer.distance)) return true;
    const lacking = this.#lacking.bytes;
    const candidates = this.#importOf((byte) => lacking[byte]!, peer);
    return peer.missingWalk.find(has, this.#changes, candidates, this.#countStep) !== -1;
  }

  /** Picks from one of the two orders: pieces that were put back, then the rarest, then whatever the peer has. */
  #pickFrom(buckets: RarityBuckets, has: PieceSet, peer: PickerPeer): number | undefined {
    const isNotLocal = buckets === this.#notLocalBuckets;
    const returned = this.#findReturned(has, isNotLocal);
    if (returned !== undefined) return returned;
    const rare = this.#findRare(buckets, has, peer);
    if (rare !== undefined || peer.isSeed) return rare;
    const open = this.#open.bytes;
    const local = this.#local.bytes;
    const candidates: Candidates = isNotLocal
      ? (byte) => open[byte]! & ~local[byte]!
      : (byte) => open[byte]!;
    const order = { counts: this.#counts, random: this.#random };
    const sampled = sampleRarest(has, candidates, { ...order, countStep: this.#countStep });
    if (sampled !== -1) return sampled;
    const walk = isNotLocal ? peer.notLocalWalk : peer.openWalk;
    const byteIndex = walk.find(has, this.#changes, candidates, this.#countStep);
    if (byteIndex === -1) return undefined;
    return rarestOf(byteIndex, has.bytes[byteIndex]! & candidates(byteIndex), order);
  }

  /** A piece that was put back, if it is among the few that are looked at; it stays open in any case. */
  #findReturned(has: PieceSet, isNotLocal: boolean): number | undefined {
    const length = this.#returned.lengthOf(0);
    for (let place = length - 1; place >= Math.max(0, length - PROBES); place--) {
      this.#steps++;
      const piece = this.#returned.at(0, place);
      if (has.has(piece) && this.#local.has(piece) !== isNotLocal) return piece;
    }
    return undefined;
  }

  /** A piece by rarity, from a random place among equally rare ones. For a seed the first one fits. */
  #findRare(buckets: RarityBuckets, has: PieceSet, peer: PickerPeer): number | undefined {
    let probes = 0;
    const most = this.#missing - this.#started > PROBES ? PROBES_PER_COUNT : PROBES;
    // A piece of a counted peer has a count of one at least.
    let count = buckets.nextCount(peer.isCounted ? 1 : 0);
    for (; count !== -1; count = buckets.nextCount(count + 1)) {
      const length = buckets.lengthOf(count);
      const start = Math.floor(this.#random() * length);
      for (let offset = 0; offset < Math.min(length, most); offset++) {
        if (++probes > PROBES) return undefined;
        this.#steps++;
        const piece = buckets.at(count, (start + offset) % length);
        if (peer.isSeed || has.has(piece)) return piece;
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

  /** Adds one peer to those that have this piece, or takes one away. */
  #count(piece: number, distance: Distance, by: 1 | -1): void {
    this.#steps++;
    const open = this.#open.has(piece);
    if (open) this.#bucketsOf(piece).remove(piece, this.#counts[piece]!);
    this.#counts[piece] = this.#counts[piece]! + by;
    this.#import.count(piece, distance, by);
    if (this.#local.includes(distance)) {
      by === 1 ? this.#local.raise(piece) : this.#local.lower(piece);
    }
    if (open) this.#bucketsOf(piece).add(piece, this.#counts[piece]!);
  }

  #bucketsOf(piece: number): RarityBuckets {
    return this.#local.has(piece) ? this.#localBuckets : this.#notLocalBuckets;
  }

  #newStranger(distance: Distance): PickerPeer {
    return this.#newPeer(distance, { isSeed: false, isCounted: false });
  }

  #newPeer(
    distance: Distance,
    kind: Pick<PickerPeer, "isSeed" | "isCounted">,
  ): PickerPeer {
    const newWalk = () =>
      new BitfieldWalk(this.#changes, Math.floor(this.#random() * this.#open.bytes.length));
    return {
      ...kind,
      distance,
      notLocalWalk: newWalk(),
      openWalk: newWalk(),
      missingWalk: newWalk(),
    };
  }
}
