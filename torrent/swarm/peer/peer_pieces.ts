/** What one peer has, as it announces it piece by piece, and its part in the picker's counts. */

import type { Distance } from "../../../base/locality.ts";
import { PieceSet } from "../../content/piece_set.ts";
import type { PiecePicker } from "../pieces/piece_picker.ts";
import { DeferredPieces } from "../suggest/deferred_pieces.ts";
import { expectBitfield, ProtocolViolation } from "../wire/messages.ts";

/** The pieces of one peer: those that it may be asked for, and the deferred ones. */
export class PeerPieces {
  /** The pieces that the peer may be asked for. */
  readonly has: PieceSet;
  readonly #pieceCount: number;
  readonly #picker: PiecePicker;
  #count = 0;
  #distance: Distance = "remote";
  #isCounted = false;
  #joinedAsSeed = false;
  /** Pieces that the peer has only just got, and may suggest to us or to others; undefined if it does not suggest. */
  #deferred: DeferredPieces | undefined;

  constructor(pieceCount: number, picker: PiecePicker) {
    this.#pieceCount = pieceCount;
    this.#picker = picker;
    this.has = new PieceSet(pieceCount);
  }

  /** Whether the peer has every piece. */
  get isSeed(): boolean {
    return this.#count === this.#pieceCount;
  }

  /** Whether it had every piece when it connected. */
  get joinedAsSeed(): boolean {
    return this.#joinedAsSeed;
  }

  /** Sets how far away the peer is. */
  setDistance(distance: Distance): void {
    if (distance === this.#distance) return;
    if (this.#isCounted) this.#remove();
    this.#distance = distance;
    if (this.#isCounted) this.#picker.addPeer(this.has, distance);
  }

  /**
   * The peer says what it has. BEP 3 allows that once, before all other messages; BEP 6 adds "all" and "none". aria2
   * sends a bitfield later as well, in place of many haves: each new piece in it counts as a have.
   */
  onPieces(pieces: Uint8Array | "all" | "none", nowMs: number): void {
    if (pieces instanceof Uint8Array) expectBitfield(pieces, this.#pieceCount);
    const said = pieces === "all"
      ? PieceSet.full(this.#pieceCount)
      : new PieceSet(this.#pieceCount, pieces === "none" ? undefined : pieces);
    if (this.#isCounted) {
      for (const index of said) this.onHave(index, { isOurs: false, nowMs });
      return;
    }
    this.has.bytes.set(said.bytes);
    for (const _index of said) this.#count++;
    this.#join();
  }

  /** From now on new pieces are deferred: the peer suggests each of them to one of its downloaders. */
  expectSuggestions(): void {
    this.#deferred ??= new DeferredPieces();
  }

  /** From now on nothing is deferred, and what was may be asked for. */
  stopDeferring(): void {
    while (this.offerOldest());
    this.#deferred = undefined;
  }

  /** Whether the peer has announced that piece, deferred or not. */
  holds(index: number): boolean {
    return this.has.has(index) || (this.#deferred?.has(index) ?? false);
  }

  /** The peer has got a piece (BEP 3: have). `isOurs`: we have it as well, so it need not be deferred. */
  onHave(index: number, { isOurs, nowMs }: { isOurs: boolean; nowMs: number }): void {
    if (index >= this.#pieceCount) throw new ProtocolViolation(`have: there is no piece ${index}`);
    if (this.holds(index)) return;
    this.#join();
    this.#count++;
    // A deferred piece counts as the peer's at once: it is no longer rare, and others need not be asked for it.
    if (this.#deferred === undefined || isOurs) this.has.add(index);
    else this.#deferred.add(index, nowMs);
    this.#picker.peerGot(index, this.#distance);
  }

  /** The peer has suggested that piece to us (BEP 6), or we have it: it is not deferred any more. */
  offer(index: number): void {
    if (this.#deferred?.take(index)) this.#offer(index);
  }

  /** Lets the peer be asked for pieces that were deferred long enough. */
  offerDue(nowMs: number): void {
    for (const index of this.#deferred?.due(nowMs) ?? []) this.#offer(index);
  }

  /** Whether any piece is deferred. */
  get hasDeferred(): boolean {
    return (this.#deferred?.size ?? 0) > 0;
  }

  /** Lets the peer be asked for the oldest deferred piece; false if there is none. */
  offerOldest(): boolean {
    const index = this.#deferred?.shift();
    if (index !== undefined) this.#offer(index);
    return index !== undefined;
  }

  /** How long until {@link offerDue} has something to offer, or undefined if nothing is deferred. */
  nextDueInMs(nowMs: number): number | undefined {
    return this.#deferred?.dueInMs(nowMs);
  }

  /** The connection has ended: the peer's pieces leave the picker's counts. */
  leave(): void {
    if (this.#isCounted) this.#remove();
    this.#isCounted = false;
  }

  #offer(index: number): void {
    this.has.add(index);
    this.#picker.peerOffers(index);
  }

  /** The picker takes back what is in the set, so deferred pieces, which it has counted, have to be in there too. */
  #remove(): void {
    while (this.offerOldest());
    this.#picker.removePeer(this.has, this.#distance);
  }

  #join(): void {
    if (this.#isCounted) return;
    this.#isCounted = true;
    this.#joinedAsSeed = this.isSeed;
    this.#picker.addPeer(this.has, this.#distance);
  }
}
