/**
 * Decides what each peer is asked for next, and keeps the pieces that are being fetched. A piece has
 * one owner who is asked for all of it; others help only where nothing else is left for them, and
 * never from farther away than the owner. The bytes of all open pieces together are bounded. No I/O.
 */

import { isWithin } from "../../../base/locality.ts";
import type { PieceSet } from "../../content/piece_set.ts";
import { pieceSizeBytes, type Release } from "../../release/release.ts";
import type { SmartBan } from "./smart_ban.ts";
import { type Feeder, isFedByOthers } from "./seed_relief.ts";
import type { Outstanding, OutstandingRequests } from "./outstanding_requests.ts";
import type { PiecePicker } from "./piece_picker.ts";
import { PartialPiece, type Range } from "./partial_piece.ts";
import type { ReceivedSuggestions } from "../suggest/suggestions.ts";

/**
 * Memory for pieces in progress, those that are being hashed among them: six of the largest, 1,536 of the smallest. With
 * the runtime's own 65 MB and the sockets' buffers a process stays below 300 MB.
 */
const MAX_OPEN_BYTES = 96 * 1024 * 1024;
/** A request that is older, in the transfer's seconds, may be made once more to an idle peer. */
const LATE_TICKS = 2;

/** A peer that can be asked. */
export interface RequestTarget extends Feeder {
  readonly has: PieceSet;
  /** The pieces that it has suggested (BEP 6). */
  readonly hints: Pick<ReceivedSuggestions, "take">;
  readonly maxRequestBytes: number;
  readonly outstanding: OutstandingRequests<RequestTarget>;
}

/** See the file's head. */
export class RequestScheduler {
  readonly #release: Release;
  readonly #picker: PiecePicker;
  readonly #bad: SmartBan<RequestTarget>;
  readonly #maxOpen: number;
  readonly #open = new Map<number, PartialPiece<RequestTarget>>();
  /** All here, and their buffers looked at still. */
  readonly #sealed = new Set<PartialPiece<RequestTarget>>();
  /** Open pieces with free blocks that nobody owns. */
  readonly #loose = new Set<PartialPiece<RequestTarget>>();
  readonly #owned = new Map<RequestTarget, PartialPiece<RequestTarget>>();
  readonly #pool: Uint8Array[] = [];
  readonly #sources: () => Iterable<RequestTarget>;
  readonly #prefill: (piece: PartialPiece<RequestTarget>) => void;
  /** Since when others than those with everything have all that is left. */
  #commonSinceTick: number | undefined;

  constructor(
    options: {
      release: Release;
      picker: PiecePicker;
      bad: SmartBan<RequestTarget>;
      /** Everybody that can be asked. */
      sources: () => Iterable<RequestTarget>;
      /** Puts into a piece that is opened what need not be asked for. */
      prefill: (piece: PartialPiece<RequestTarget>) => void;
    },
  ) {
    this.#sources = options.sources;
    this.#prefill = options.prefill;
    this.#release = options.release;
    this.#picker = options.picker;
    this.#bad = options.bad;
    this.#maxOpen = Math.max(2, Math.floor(MAX_OPEN_BYTES / options.release.pieceLengthBytes));
  }

  /** How many pieces are being fetched. */
  get openCount(): number {
    return this.#open.size;
  }

  /** What to ask this peer for next, or undefined if there is nothing (for now). */
  nextRequest(source: RequestTarget, tick: number): Outstanding<RequestTarget> | undefined {
    let piece = this.#owned.get(source);
    if (piece === undefined || !piece.hasFree) {
      piece = this.#takeLoose(source);
      if (piece === undefined && this.#mayOpen(source, tick)) {
        piece = this.#openNext(source) ?? this.#findShared(source);
      }
    }
    const range = piece?.takeFree(source.maxRequestBytes);
    if (piece === undefined || range === undefined) return undefined;
    if (!piece.hasFree) this.#loose.delete(piece);
    return this.#note(source, { ...range, piece, sentTick: tick, released: false });
  }

  /**
   * What to ask an idle peer for once more: what somebody else has been asked for long ago (the
   * endgame, and the answer to peers that are slow without standing still).
   */
  nextLateRequest(source: RequestTarget, tick: number): Outstanding<RequestTarget> | undefined {
    for (const other of this.#sources()) {
      if (other === source) continue;
      for (const { piece, begin, sizeBytes, sentTick, released } of other.outstanding) {
        if (released || sentTick > tick - LATE_TICKS || piece.exclusive) continue;
        if (!source.has.has(piece.index) || this.#open.get(piece.index) !== piece) continue;
        const step = source.maxRequestBytes;
        for (let at = begin; at < begin + sizeBytes; at += step) {
          const range = { begin: at, sizeBytes: Math.min(step, begin + sizeBytes - at) };
          if (!piece.askAgain(range)) continue;
          return this.#note(source, { ...range, piece, sentTick: tick, released: false });
        }
      }
    }
    return undefined;
  }

  /** Whether the piece is still being fetched, and a late answer to that request of use. */
  isOpen(piece: PartialPiece<RequestTarget>): boolean {
    return this.#open.get(piece.index) === piece;
  }

  /** Where the bytes of an open piece go. */
  bufferOf(piece: PartialPiece<RequestTarget>): Uint8Array {
    piece.buffer ??= this.#pool.pop() ?? new Uint8Array(this.#release.pieceLengthBytes);
    return piece.buffer;
  }

  /** That request will not be answered: others may be asked. */
  giveUp(source: RequestTarget, request: Outstanding<RequestTarget>): void {
    if (request.released) return;
    request.released = true;
    this.refuse(source, request);
  }

  /** The answer to that request is not taken: what is not here yet may be asked for again. */
  refuse(source: RequestTarget, request: Outstanding<RequestTarget>): void {
    request.piece.release(request);
    this.#settle(source, request.piece);
  }

  /** A block that was coming in stopped in the middle. */
  abandon(source: RequestTarget, piece: PartialPiece<RequestTarget>, range: Range): void {
    piece.abandonReceiving(range);
    this.#settle(source, piece);
  }

  /** The peer is not to be asked for now: nobody waits for what it was asked for. */
  withdraw(source: RequestTarget): void {
    for (const request of source.outstanding) this.giveUp(source, request);
    const piece = this.#owned.get(source);
    if (piece !== undefined) this.#disown(source, piece);
  }

  /** All of the open piece is here: it is not being fetched any more, and its bytes stay where they are until it is closed. */
  seal(piece: PartialPiece<RequestTarget>): Uint8Array {
    this.#takeOff(piece);
    this.#sealed.add(piece);
    return this.bufferOf(piece);
  }

  /** The piece is written, or has to be fetched anew: its buffer serves the next one. */
  close(piece: PartialPiece<RequestTarget>): void {
    if (!this.#sealed.delete(piece) && !this.#takeOff(piece)) return;
    const { buffer } = piece;
    piece.buffer = undefined;
    if (buffer === undefined) return;
    // A new one costs a page fault per 4 KiB, so all that there may be are kept, until nothing is missing.
    if (this.#picker.missing <= 1) this.#pool.length = 0;
    else if (this.#heldCount + this.#pool.length < this.#maxOpen) this.#pool.push(buffer);
  }

  /** Pieces that take memory. */
  get #heldCount(): number {
    return this.#open.size + this.#sealed.size;
  }

  /** It is not being fetched any more; false if it was not. */
  #takeOff(piece: PartialPiece<RequestTarget>): boolean {
    if (!this.isOpen(piece)) return false;
    this.#open.delete(piece.index);
    this.#loose.delete(piece);
    if (piece.owner !== undefined && this.#owned.get(piece.owner) === piece) {
      this.#owned.delete(piece.owner);
    }
    piece.owner = undefined;
    return true;
  }

  #note(source: RequestTarget, request: Outstanding<RequestTarget>): Outstanding<RequestTarget> {
    source.outstanding.add(request);
    return request;
  }

  /** After a request was given up: who goes on with its piece. */
  #settle(source: RequestTarget, piece: PartialPiece<RequestTarget>): void {
    if (!this.isOpen(piece)) return;
    if (piece.exclusive || piece.owner === source) this.#disown(source, piece);
    else if (piece.owner === undefined) this.#loosen(piece);
  }

  #disown(source: RequestTarget, piece: PartialPiece<RequestTarget>): void {
    if (this.#owned.get(source) === piece) this.#owned.delete(source);
    if (!this.isOpen(piece)) return;
    piece.owner = undefined;
    // A second sender's blocks among the first one's would hide again who lied.
    if (piece.exclusive) piece.reset();
    this.#loosen(piece);
  }

  #loosen(piece: PartialPiece<RequestTarget>): void {
    if (piece.isUntouched) {
      this.close(piece);
      this.#picker.putBack(piece.index);
    } else if (piece.hasFree) {
      this.#loose.add(piece);
    }
  }

  #own(source: RequestTarget, piece: PartialPiece<RequestTarget>): PartialPiece<RequestTarget> {
    this.#loose.delete(piece);
    const former = this.#owned.get(source);
    if (former !== undefined && former !== piece) former.owner = undefined;
    piece.owner = source;
    this.#owned.set(source, piece);
    return piece;
  }

  #takeLoose(source: RequestTarget): PartialPiece<RequestTarget> | undefined {
    for (const piece of this.#loose) {
      if (source.has.has(piece.index)) return this.#own(source, piece);
    }
    return undefined;
  }

  /** See `seed_relief.ts`. */
  #mayOpen(source: RequestTarget, tick: number): boolean {
    if (!source.isOrigin) return true;
    if (this.#picker.hasRare(source.distance)) {
      this.#commonSinceTick = undefined;
      return true;
    }
    this.#commonSinceTick ??= tick;
    return !isFedByOthers(source, this.#sources(), tick - this.#commonSinceTick);
  }

  #openNext(source: RequestTarget): PartialPiece<RequestTarget> | undefined {
    if (this.#heldCount >= this.#maxOpen && !this.#evict(source)) return undefined;
    const index = this.#pickSuggested(source) ?? this.#picker.pick(source.has, source.distance);
    if (index === undefined) return undefined;
    const piece = new PartialPiece<RequestTarget>(index, pieceSizeBytes(this.#release, index), {
      exclusive: this.#bad.isSuspect(index),
    });
    this.#open.set(index, piece);
    // Blocks from elsewhere among a suspect's would hide who lied.
    if (!piece.exclusive) this.#prefill(piece);
    return this.#own(source, piece);
  }

  #pickSuggested(source: RequestTarget): number | undefined {
    for (;;) {
      const index = source.hints.take();
      if (index === undefined) return undefined;
      const { has, distance } = source;
      if (has.has(index) && this.#picker.take(index, has, distance)) return index;
    }
  }

  /** Memory is used up by pieces whose senders have gone: the oldest makes room. */
  #evict(source: RequestTarget): boolean {
    if (this.#findShared(source) !== undefined) return false;
    for (const piece of this.#loose) {
      this.close(piece);
      this.#picker.putBack(piece.index);
      return true;
    }
    return false;
  }

  #findShared(source: RequestTarget): PartialPiece<RequestTarget> | undefined {
    for (const piece of this.#open.values()) {
      const { owner } = piece;
      if (!piece.hasFree || piece.exclusive || owner === undefined || owner === source) continue;
      if (!source.has.has(piece.index)) continue;
      if (owner.isStalled || isWithin(owner.distance, source.distance)) return piece;
    }
    return undefined;
  }
}
