/**
 * This room turns what peers have into verified pieces. `piece_picker.ts` chooses pieces, this file decides which peer
 * is asked for which of their blocks and collects these in a `partial_piece.ts`; once every block is here
 * `piece_completion.ts` has it hashed and written. Each piece that is being fetched has one owner, a peer that is asked
 * for all of it; others help only if nothing else is left for them, and never from farther away than the owner. The
 * memory of all open pieces together is bounded. No I/O.
 */

import { isWithin } from "../../../base/locality.ts";
import { pieceSizeBytes, type Release } from "../../release/release.ts";
import type { SmartBan } from "./smart_ban.ts";
import { isFedByOthers } from "./seed_relief.ts";
import type { OutstandingRequest } from "./outstanding_requests.ts";
import type { PiecePicker } from "./piece_picker.ts";
import { PartialPiece, type PieceRange } from "./partial_piece.ts";
import type { RequestTarget } from "./request_target.ts";

/**
 * Memory for pieces in progress, including those that are being hashed: six of the largest pieces, 1,536 of the
 * smallest. With the runtime's own 65 MB and the sockets' buffers a process stays below 300 MB.
 */
const MAX_OPEN_BYTES = 96 * 1024 * 1024;
/** Blocks of a request that is this many seconds old may be asked for once more, of an idle peer. */
const LATE_TICKS = 2;

/** The pieces in progress of one transfer, and who is asked for them. */
export class RequestScheduler {
  readonly #release: Release;
  readonly #picker: PiecePicker;
  readonly #smartBan: SmartBan<RequestTarget>;
  readonly #maxOpen: number;
  /** The pieces that are being fetched. */
  readonly #open = new Map<number, PartialPiece<RequestTarget>>();
  /** Pieces of which every block is here, and whose buffers are still read. */
  readonly #sealed = new Set<PartialPiece<RequestTarget>>();
  /** Open pieces that have free blocks and no owner. */
  readonly #loose = new Set<PartialPiece<RequestTarget>>();
  readonly #owned = new Map<RequestTarget, PartialPiece<RequestTarget>>();
  /** Buffers for the next pieces. */
  readonly #pool: Uint8Array[] = [];
  readonly #targets: () => Iterable<RequestTarget>;
  readonly #prefill: (piece: PartialPiece<RequestTarget>) => void;
  /** The tick since which leechers together have every missing piece; undefined if they have not. */
  #commonSinceTick: number | undefined;

  constructor(
    options: {
      release: Release;
      picker: PiecePicker;
      smartBan: SmartBan<RequestTarget>;
      /** All connected peers. */
      targets: () => Iterable<RequestTarget>;
      /** Fills a piece that is opened with what need not be requested. */
      prefill: (piece: PartialPiece<RequestTarget>) => void;
    },
  ) {
    this.#targets = options.targets;
    this.#prefill = options.prefill;
    this.#release = options.release;
    this.#picker = options.picker;
    this.#smartBan = options.smartBan;
    this.#maxOpen = Math.max(2, Math.floor(MAX_OPEN_BYTES / options.release.pieceLengthBytes));
  }

  /** How many pieces are being fetched. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Makes the next request to this peer; undefined if there is nothing to ask it for now. */
  nextRequest(target: RequestTarget, tick: number): OutstandingRequest<RequestTarget> | undefined {
    let piece = this.#owned.get(target);
    if (piece === undefined || !piece.hasFree) {
      piece = this.#takeLoose(target);
      if (piece === undefined && this.#mayOpen(target, tick)) {
        piece = this.#openNext(target) ?? this.#findShared(target);
      }
    }
    const range = piece?.takeFree(target.maxRequestBytes);
    if (piece === undefined || range === undefined) return undefined;
    if (!piece.hasFree) this.#loose.delete(piece);
    return this.#add(target, { ...range, piece, sentTick: tick, released: false });
  }

  /**
   * Makes a request to an idle peer for blocks that another peer was asked for {@link LATE_TICKS} ago, or that come in
   * from it for too long. This is the endgame, and the answer to peers that are slow without stalling.
   */
  nextLateRequest(
    target: RequestTarget,
    tick: number,
  ): OutstandingRequest<RequestTarget> | undefined {
    for (const other of this.#targets()) {
      if (other === target) continue;
      const takenOver = this.#takeOver(target, other, tick);
      if (takenOver !== undefined) return takenOver;
      for (const { piece, begin, sizeBytes, sentTick, released } of other.outstanding) {
        if (released || sentTick > tick - LATE_TICKS || piece.exclusive) continue;
        if (!target.has.has(piece.index) || this.#open.get(piece.index) !== piece) continue;
        if (!this.#picker.mayCome(piece.index, target)) continue;
        const step = target.maxRequestBytes;
        for (let at = begin; at < begin + sizeBytes; at += step) {
          const range = { begin: at, sizeBytes: Math.min(step, begin + sizeBytes - at) };
          if (!piece.askAgain(range)) continue;
          return this.#add(target, { ...range, piece, sentTick: tick, released: false });
        }
      }
    }
    return undefined;
  }

  /** Makes a request for the block that comes in from the other peer for too long, which then counts no more. */
  #takeOver(
    target: RequestTarget,
    other: RequestTarget,
    tick: number,
  ): OutstandingRequest<RequestTarget> | undefined {
    const { overdue } = other;
    if (overdue === undefined || overdue.piece.exclusive) return undefined;
    if (!target.has.has(overdue.piece.index)) return undefined;
    if (!this.#picker.mayCome(overdue.piece.index, target)) return undefined;
    // Its blocks are free then, and nobody has anything better to do than this peer.
    other.abandonIncoming();
    return this.nextRequest(target, tick);
  }

  /** Whether the piece is still being fetched, so that a late block of it is of use. */
  isOpen(piece: PartialPiece<RequestTarget>): boolean {
    return this.#open.get(piece.index) === piece;
  }

  /** The buffer that the bytes of an open piece go to. */
  bufferOf(piece: PartialPiece<RequestTarget>): Uint8Array {
    piece.buffer ??= this.#pool.pop() ?? new Uint8Array(this.#release.pieceLengthBytes);
    return piece.buffer;
  }

  /** Gives a request up that will not be answered: other peers may be asked for its blocks. */
  giveUp(target: RequestTarget, request: OutstandingRequest<RequestTarget>): void {
    if (request.released) return;
    request.released = true;
    this.refuse(target, request);
  }

  /** The answer to that request is not accepted: blocks that are not here yet may be requested again. */
  refuse(target: RequestTarget, request: OutstandingRequest<RequestTarget>): void {
    request.piece.release(request);
    this.#settle(target, request.piece);
  }

  /** Blocks that were coming in stopped in the middle. */
  abandon(target: RequestTarget, piece: PartialPiece<RequestTarget>, range: PieceRange): void {
    piece.abandonReceiving(range);
    this.#settle(target, piece);
  }

  /** The peer does not answer for now: others may be asked for everything that is outstanding there. */
  withdraw(target: RequestTarget): void {
    for (const request of target.outstanding) this.giveUp(target, request);
    const piece = this.#owned.get(target);
    if (piece !== undefined) this.#disown(target, piece);
  }

  /**
   * Every block of the open piece is here: it is not being fetched any more, and keeps its buffer until it is closed.
   */
  seal(piece: PartialPiece<RequestTarget>): Uint8Array {
    this.#takeOff(piece);
    this.#sealed.add(piece);
    return this.bufferOf(piece);
  }

  /** The piece is written, or is to be fetched anew: its buffer serves the next one. */
  close(piece: PartialPiece<RequestTarget>): void {
    if (!this.#sealed.delete(piece) && !this.#takeOff(piece)) return;
    const { buffer } = piece;
    piece.buffer = undefined;
    if (buffer === undefined) return;
    // A new buffer costs a page fault per 4 KiB, so all are kept until no piece is missing.
    if (this.#picker.missing <= 1) this.#pool.length = 0;
    else if (this.#heldCount + this.#pool.length < this.#maxOpen) this.#pool.push(buffer);
  }

  /** How many pieces hold memory. */
  get #heldCount(): number {
    return this.#open.size + this.#sealed.size;
  }

  /** Ends the fetching of the piece; false if it was not being fetched. */
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

  #add(
    target: RequestTarget,
    request: OutstandingRequest<RequestTarget>,
  ): OutstandingRequest<RequestTarget> {
    target.outstanding.add(request);
    return request;
  }

  /** A request was given up: frees its piece for others if need be. */
  #settle(target: RequestTarget, piece: PartialPiece<RequestTarget>): void {
    if (!this.isOpen(piece)) return;
    if (piece.exclusive || piece.owner === target) this.#disown(target, piece);
    else if (piece.owner === undefined) this.#loosen(piece);
  }

  #disown(target: RequestTarget, piece: PartialPiece<RequestTarget>): void {
    if (this.#owned.get(target) === piece) this.#owned.delete(target);
    if (!this.isOpen(piece)) return;
    piece.owner = undefined;
    // Blocks of a second sender among those of the first would hide again who lied.
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

  #own(target: RequestTarget, piece: PartialPiece<RequestTarget>): PartialPiece<RequestTarget> {
    this.#loose.delete(piece);
    const former = this.#owned.get(target);
    if (former !== undefined && former !== piece) former.owner = undefined;
    piece.owner = target;
    this.#owned.set(target, piece);
    return piece;
  }

  #takeLoose(target: RequestTarget): PartialPiece<RequestTarget> | undefined {
    for (const piece of this.#loose) {
      if (target.has.has(piece.index) && this.#picker.mayCome(piece.index, target)) {
        return this.#own(target, piece);
      }
    }
    return undefined;
  }

  /** Whether the peer may be asked for another piece: seeds are relieved where leechers suffice (`seed_relief.ts`). */
  #mayOpen(target: RequestTarget, tick: number): boolean {
    // With stripes nobody else is to bring what may come from it.
    if (!target.joinedAsSeed || this.#picker.limits(target.distance)) return true;
    if (this.#picker.hasRare(target.distance)) {
      this.#commonSinceTick = undefined;
      return true;
    }
    this.#commonSinceTick ??= tick;
    return !isFedByOthers(target, this.#targets(), tick - this.#commonSinceTick);
  }

  #openNext(target: RequestTarget): PartialPiece<RequestTarget> | undefined {
    if (this.#heldCount >= this.#maxOpen && !this.#evict(target)) return undefined;
    const index = this.#takeSuggested(target) ?? this.#picker.pick(target.has, target.distance);
    if (index === undefined) return undefined;
    const piece = new PartialPiece<RequestTarget>(index, pieceSizeBytes(this.#release, index), {
      exclusive: this.#smartBan.isSuspect(index),
    });
    this.#open.set(index, piece);
    // Blocks from the disk among those of a suspect piece would hide who lied.
    if (!piece.exclusive) this.#prefill(piece);
    return this.#own(target, piece);
  }

  #takeSuggested(target: RequestTarget): number | undefined {
    for (;;) {
      const index = target.takeSuggested();
      if (index === undefined) return undefined;
      const { has, distance } = target;
      if (has.has(index) && this.#picker.take(index, has, distance)) return index;
    }
  }

  /** All memory is in use. If pieces whose senders have gone hold some, the oldest of them is given up. */
  #evict(target: RequestTarget): boolean {
    if (this.#findShared(target) !== undefined) return false;
    for (const piece of this.#loose) {
      this.close(piece);
      this.#picker.putBack(piece.index);
      return true;
    }
    return false;
  }

  #findShared(target: RequestTarget): PartialPiece<RequestTarget> | undefined {
    for (const piece of this.#open.values()) {
      const { owner } = piece;
      if (!piece.hasFree || piece.exclusive || owner === undefined || owner === target) continue;
      if (!target.has.has(piece.index) || !this.#picker.mayCome(piece.index, target)) continue;
      if (owner.isStalled || isWithin(owner.distance, target.distance)) return piece;
    }
    return undefined;
  }
}
