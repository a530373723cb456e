/**
 * What we take from one peer: what it has, whether it lets us ask, what it has been asked for, and
 * the block that is coming in.
 */

import type { Distance } from "../../../base/locality.ts";
import type { PieceSet } from "../../content/piece_set.ts";
import type { DownloadOptions } from "./download_context.ts";
import { BLOCK_BYTES, MessageId, ProtocolViolation } from "../wire/messages.ts";
import { type Outstanding, OutstandingRequests } from "../pieces/outstanding_requests.ts";
import { PeerPieces } from "./peer_pieces.ts";
import type { RequestTarget } from "../pieces/request_scheduler.ts";
import type { PartialPiece } from "../pieces/partial_piece.ts";
import { RequestWindow } from "./request_window.ts";
import { ReceivedSuggestions } from "../suggest/suggestions.ts";

/** Until the peer has said how many it takes (BEP 10 names this number). */
const DEFAULT_MAX_REQUESTS = 250;
/** More requests than that at a time serve no purpose, whatever the peer would take. */
const MAX_REQUESTS = 512;
/**
 * Requests that fill the window, at the least. Large ones cost less, but a slow peer's must not be
 * large: its sender waits for a rate limit until a whole one may go, and a block that is lost with a
 * connection is fetched again.
 */
const REQUESTS_PER_WINDOW = 8;
/** Seconds without a byte of a block although some are due: others are asked for them. */
const STALL_TICKS = 8;
/** Seconds after which a peer that is due is not worth its connection. */
const GIVE_UP_TICKS = 60;
/**
 * Blocks that nobody asked for, in a row, before the peer is taken to flood us: everything that may
 * be under way when requests are cancelled, several times over.
 */
const MAX_UNWANTED_BYTES = 64 * 1024 * 1024;

/**
 * With so few missing nothing may come any more that would end the wait for a piece. With more, a host that had nothing
 * to do for a moment would take what others were to have first, and so would they.
 */
const HURRY_PIECES = 32;

/** See the file's head. */
export class PeerDownload implements RequestTarget {
  /** What the peer has. */
  readonly pieces: PeerPieces;
  readonly outstanding = new OutstandingRequests<RequestTarget>();
  readonly window = new RequestWindow();
  readonly hints = new ReceivedSuggestions();
  readonly #options: DownloadOptions;
  distance: Distance = "remote";
  #maxRequestBytes = BLOCK_BYTES;
  #maxRequests = DEFAULT_MAX_REQUESTS;
  #choked = true;
  #interested = false;
  #stalled = false;
  #lastBytesTick: number;
  #notBeforeTick = 0;
  #unwantedBytes = 0;
  #coming: { request: Outstanding<RequestTarget>; at: number } | undefined;

  constructor(options: DownloadOptions) {
    this.#options = options;
    this.pieces = new PeerPieces(options.pieceCount, options.picker);
    this.#lastBytesTick = options.tick();
  }

  get isStalled(): boolean {
    return this.#stalled;
  }

  get has(): PieceSet {
    return this.pieces.has;
  }

  get isOrigin(): boolean {
    return this.pieces.joinedFull;
  }

  get bytesPerSecond(): number {
    return this.window.bytesPerSecond;
  }

  get bestBytesPerSecond(): number {
    return this.window.bestBytesPerSecond;
  }

  get maxRequestBytes(): number {
    const blocks = Math.floor(this.window.limitBytes / REQUESTS_PER_WINDOW / BLOCK_BYTES);
    return Math.min(this.#maxRequestBytes, Math.max(1, blocks) * BLOCK_BYTES);
  }

  /** The peer has told how many requests it takes, and how large. */
  setLimits(limits: { maxRequests: number; maxRequestBytes: number }): void {
    this.#maxRequests = Math.min(limits.maxRequests, MAX_REQUESTS);
    this.#maxRequestBytes = Math.max(limits.maxRequestBytes, BLOCK_BYTES);
  }

  /** The peer stands so far away. If it is one of ours it suggests what it gets to one of those who ask it. */
  setPlace(distance: Distance, { suggests }: { suggests: boolean }): void {
    if (suggests) this.pieces.expectSuggestions();
    this.pieces.move(distance);
    this.distance = this.window.distance = distance;
    this.updateInterest();
  }

  /** The peer has told what it has. */
  onPieces(pieces: Uint8Array | "all" | "none"): void {
    this.pieces.onPieces(pieces, this.#options.nowMs());
    this.updateInterest();
  }

  /** The peer has got a piece. */
  onHave(index: number): void {
    const { verified, nowMs } = this.#options;
    const isOurs = verified.has(index);
    this.pieces.onHave(index, { isOurs, nowMs: nowMs() });
    if (!isOurs && !this.#interested) this.updateInterest();
  }

  /** BEP 6: the peer would rather be asked for that one than for others. */
  onSuggest(index: number): void {
    const { verified, outbox } = this.#options;
    // It has not heard of it if it had it before us.
    if (verified.has(index)) outbox.have(index);
    else this.hints.add(index);
    this.pieces.stopWaiting(index);
  }

  /**
   * Says whether the peer has anything that we lack and may fetch from it, at once or later. Whoever only could, and may
   * not, is not interested: it would be dealt pieces that others then wait for.
   */
  updateInterest(): void {
    const { picker, isWithinReach } = this.#options;
    const interesting = isWithinReach(this.distance) &&
      (picker.isInteresting(this.has) || this.pieces.isAnyWaiting);
    if (interesting === this.#interested) return;
    this.#interested = interesting;
    this.#options.outbox.signal(interesting ? MessageId.interested : MessageId.notInterested);
  }

  /** We have nothing else to do: near the end what others were to have first is not left to them. */
  hurry(): boolean {
    return this.#options.picker.missing <= HURRY_PIECES && this.pieces.hurry();
  }

  onUnchoke(): void {
    this.#choked = false;
  }

  /** Without BEP 6 a choke drops what was asked for; with it, each request is rejected by itself. */
  onChoke(fast: boolean): void {
    this.#choked = true;
    if (fast) return;
    this.#options.scheduler.withdraw(this);
    this.outstanding.takeWhere(() => true);
  }

  /** BEP 6: a request will not be answered. */
  onReject(index: number, begin: number, sizeBytes: number): void {
    const request = this.outstanding.take(index, begin, sizeBytes);
    if (request === undefined) return;
    this.#options.scheduler.giveUp(this, request);
    // Its queue is full, or it changed its mind: asking again at once would go round in circles.
    this.#notBeforeTick = this.#options.tick() + 1;
  }

  /** Asks for as much as the window has room for. */
  pump(): void {
    const { scheduler: desk, tick, nowMs, mayRequest } = this.#options;
    // Who has not answered yet has enough to do: what waits there is not to be asked for on top of it.
    if (this.outstanding.count === 0) this.pieces.onTime(nowMs());
    if (
      this.#choked || !this.#interested || !mayRequest() ||
      tick() < this.#notBeforeTick
    ) return;
    const { limitBytes } = this.window;
    // Requests go out several at a time: one write for each would cost more than its block.
    if (this.outstanding.sizeBytes > limitBytes * 3 / 4) return;
    this.#askWhile(limitBytes, () => desk.nextRequest(this, tick()));
    if (this.outstanding.count === 0) this.#options.onIdle(this);
  }

  /** Asks once more for what others are late with, if nothing else is left to ask this peer for. */
  pumpLate(): void {
    const { scheduler: desk, tick, mayRequest } = this.#options;
    if (this.#choked || !this.#interested || !mayRequest()) return;
    if (this.outstanding.count > 0 || this.#stalled) return;
    this.#askWhile(this.window.limitBytes, () => desk.nextLateRequest(this, tick()));
  }

  /** Takes back what is here by now, from whomever. */
  cancelArrived(piece: PartialPiece<RequestTarget>): void {
    const arrived = this.outstanding.takeWhere((one) => one.piece === piece && piece.has(one));
    for (const request of arrived) {
      if (!request.released) piece.release(request);
      const { begin, sizeBytes } = request;
      this.#options.outbox.range(MessageId.cancel, { index: piece.index, begin, sizeBytes });
    }
  }

  onBlockStart(index: number, begin: number, sizeBytes: number): void {
    const request = this.outstanding.take(index, begin, sizeBytes);
    this.#coming = undefined;
    if (request === undefined) {
      this.#unwantedBytes += sizeBytes;
      if (this.#unwantedBytes > MAX_UNWANTED_BYTES) {
        throw new ProtocolViolation(`piece: ${this.#unwantedBytes} bytes that nobody asked for`);
      }
      return;
    }
    this.#unwantedBytes = 0;
    const { piece } = request;
    const { scheduler: desk } = this.#options;
    if (request.released) {
      // It comes late. Others may have been asked for it since, or the piece be somebody's alone.
      if (!desk.isOpen(piece) || piece.exclusive || !piece.askAgain(request)) return;
    }
    if (desk.isOpen(piece) && piece.startReceiving(request)) {
      this.#coming = { request, at: begin };
    } else {
      desk.refuse(this, request);
    }
  }

  onBlockBytes(bytes: Uint8Array): void {
    this.#lastBytesTick = this.#options.tick();
    this.#stalled = false;
    this.window.onBytes(bytes.length);
    this.#options.onReceived(this.distance, bytes.length);
    const coming = this.#coming;
    if (coming === undefined) return;
    const { piece } = coming.request;
    if (!this.#options.scheduler.isOpen(piece)) return;
    this.#options.scheduler.bufferOf(piece).set(bytes, coming.at);
    coming.at += bytes.length;
  }

  onBlockEnd(): void {
    const request = this.#coming?.request;
    this.#coming = undefined;
    if (request === undefined) return;
    const { scheduler: desk, nowMs, onContested, onPiece } = this.#options;
    this.window.onAnswered(request, nowMs());
    const { piece } = request;
    if (!desk.isOpen(piece)) return;
    piece.arrive(request, this);
    if (piece.isAsked(request)) onContested(piece, this);
    if (piece.isComplete) onPiece(piece);
  }

  /** Once a second. False if the peer is not worth its connection any more. */
  onTick(seconds: number): boolean {
    this.window.onTick(seconds);
    const isDue = this.outstanding.count > 0 || this.#coming !== undefined;
    const tick = this.#options.tick();
    if (!isDue) this.#lastBytesTick = tick;
    const idleTicks = tick - this.#lastBytesTick;
    if (idleTicks >= STALL_TICKS && !this.#stalled) this.#stall();
    return idleTicks < GIVE_UP_TICKS;
  }

  /** The connection has gone. */
  end(): void {
    this.#abandonComing();
    this.#options.scheduler.withdraw(this);
    this.pieces.leave();
  }

  #stall(): void {
    this.#stalled = true;
    this.window.onStall();
    this.#abandonComing();
    this.#options.scheduler.withdraw(this);
  }

  #abandonComing(): void {
    const request = this.#coming?.request;
    this.#coming = undefined;
    if (request !== undefined) this.#options.scheduler.abandon(this, request.piece, request);
  }

  #askWhile(limitBytes: number, next: () => Outstanding<RequestTarget> | undefined): void {
    const { allowance, nowMs, outbox } = this.#options;
    const { maxRequestBytes } = this;
    while (
      this.outstanding.sizeBytes < limitBytes && this.outstanding.count < this.#maxRequests &&
      allowance.take(this.distance, maxRequestBytes)
    ) {
      const request = next();
      allowance.refund(maxRequestBytes - (request?.sizeBytes ?? 0));
      if (request === undefined) return;
      this.window.onAsked(request, this.outstanding.sizeBytes, nowMs());
      const { piece: { index }, begin, sizeBytes } = request;
      this.hints.settle(index);
      outbox.range(MessageId.request, { index, begin, sizeBytes });
    }
  }
}
