/**
 * What we fetch from one peer: the pieces that it has, whether it lets us ask (BEP 3: unchoked), what it was asked for,
 * and the block that is coming in.
 */

import type { Distance } from "../../../base/locality.ts";
import type { PieceSet } from "../../content/piece_set.ts";
import type { PeerAllowance } from "../limits/peer_allowance.ts";
import { type OutstandingRequest, OutstandingRequests } from "../pieces/outstanding_requests.ts";
import type { PartialPiece } from "../pieces/partial_piece.ts";
import type { RequestTarget } from "../pieces/request_target.ts";
import { ReceivedSuggestions } from "../suggest/suggestions.ts";
import { BLOCK_BYTES, MessageId, type Outbox, ProtocolViolation } from "../wire/messages.ts";
import type { DownloadContext } from "./peer_context.ts";
import { PeerPieces } from "./peer_pieces.ts";
import { RequestWindow } from "./request_window.ts";

/** Outstanding requests until the peer has said how many it accepts; BEP 10 names this number. */
const DEFAULT_MAX_REQUESTS = 250;
/** More outstanding requests than that serve no purpose, however many the peer would accept. */
const MAX_REQUESTS = 512;
/**
 * At least this many requests fill a window. Large requests cost less, but those to a slow peer must not be large: its
 * sender waits for a rate limit until a whole one may go, and a block that is lost with a connection is fetched again.
 */
const REQUESTS_PER_WINDOW = 8;
/**
 * What a peer has to send of the blocks that are due in {@link STALL_TICKS}, which makes 1 KiB/s: far below any link,
 * and what a peer that sends a byte now and then, to hold its blocks for ever, does not reach.
 */
const PACE_BYTES = 8 * 1024;
/** After this many seconds in which a peer has sent less than {@link PACE_BYTES}, its blocks are asked of others. */
const STALL_TICKS = 8;
/** After this many seconds of the same the connection is closed. */
const GIVE_UP_TICKS = 60;
/**
 * A block that has been coming in for so many seconds is overdue: a peer that has nothing else to do may be asked for
 * it instead. At the least size of a window a block takes that long below 2 KiB/s.
 */
const BLOCK_DEADLINE_TICKS = 10;
/**
 * Bytes of blocks in a row that nobody asked for, after which the peer counts as flooding us: several times what may be
 * under way when requests are cancelled.
 */
const MAX_UNWANTED_BYTES = 64 * 1024 * 1024;

/**
 * When no more pieces than this are missing, an idle host asks for deferred pieces too, since no message may come any
 * more that would end their wait. With more missing pieces, a host that is idle for a moment would take what others are
 * to have first, and so would they.
 */
const MISSING_NEAR_END = 32;

/** A block that is coming in and of use. */
interface IncomingBlock {
  readonly request: OutstandingRequest<RequestTarget>;
  readonly sinceTick: number;
  /** Where its next bytes belong in the piece. */
  at: number;
}

/** The peer's own part beside the context that all peers share. */
export interface DownloadOptions {
  /** Where requests and other messages to the peer go. */
  readonly outbox: Outbox;
  /** The host's limits on what it downloads. */
  readonly allowance: PeerAllowance;
}

/** One peer as the one that we fetch from. */
export class PeerDownload implements RequestTarget {
  /** What the peer has. */
  readonly pieces: PeerPieces;
  readonly outstanding = new OutstandingRequests<RequestTarget>();
  /** How many bytes it may be asked for at a time. */
  readonly window = new RequestWindow();
  /** What the peer has suggested to us (BEP 6). */
  readonly receivedSuggestions = new ReceivedSuggestions();
  readonly #context: DownloadContext;
  readonly #outbox: Outbox;
  readonly #allowance: PeerAllowance;
  #distance: Distance = "remote";
  #maxRequestBytes = BLOCK_BYTES;
  #maxRequests = DEFAULT_MAX_REQUESTS;
  #choked = true;
  #interested = false;
  #stalled = false;
  /** When the peer last reached its pace or nothing was due, and the bytes of due blocks since then. */
  #paceTick: number;
  #paceBytes = 0;
  #notBeforeTick = 0;
  #unwantedBytes = 0;
  #wantedBytes = 0;
  /** Whether the block that is coming in was asked for. */
  #isDueIncoming = false;
  #incoming: IncomingBlock | undefined;

  constructor(context: DownloadContext, { outbox, allowance }: DownloadOptions) {
    this.#context = context;
    this.#outbox = outbox;
    this.#allowance = allowance;
    this.pieces = new PeerPieces(context.files.release.pieceCount, context.picker);
    this.#paceTick = context.tick;
  }

  get distance(): Distance {
    return this.#distance;
  }

  get isStalled(): boolean {
    return this.#stalled;
  }

  get has(): PieceSet {
    return this.pieces.has;
  }

  get joinedAsSeed(): boolean {
    return this.pieces.joinedAsSeed;
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

  /** Bytes of blocks that have arrived so far and were asked for. */
  get wantedBytes(): number {
    return this.#wantedBytes;
  }

  takeSuggested(): number | undefined {
    return this.receivedSuggestions.take();
  }

  /** The peer has said how many requests it accepts at a time, and how large. */
  setLimits(limits: { maxRequests: number; maxRequestBytes: number }): void {
    this.#maxRequests = Math.min(limits.maxRequests, MAX_REQUESTS);
    this.#maxRequestBytes = Math.max(limits.maxRequestBytes, BLOCK_BYTES);
  }

  /** Sets how far away the peer is. `suggests`: it suggests each new piece to one of its downloaders, so pieces are deferred. */
  setDistance(distance: Distance, { suggests }: { suggests: boolean }): void {
    if (suggests) this.pieces.expectSuggestions();
    this.pieces.setDistance(distance);
    this.#distance = this.window.distance = distance;
    this.onImportChanged();
  }

  /** What may come from where has changed: the reach, or the stripes. */
  onImportChanged(): void {
    // With stripes each piece that leaves a rack has one taker in each other rack, which is not suggested it.
    if (this.#context.picker.limits(this.#distance)) this.pieces.stopDeferring();
    this.updateInterest();
  }

  /** The peer has said what it has (BEP 3: bitfield; BEP 6: have all, have none). */
  onPieces(pieces: Uint8Array | "all" | "none"): void {
    this.pieces.onPieces(pieces, this.#context.clock.nowMs());
    this.updateInterest();
  }

  /** The peer has got a piece (BEP 3: have). */
  onHave(index: number): void {
    const { files: { verified }, clock } = this.#context;
    const isOurs = verified.has(index);
    this.pieces.onHave(index, { isOurs, nowMs: clock.nowMs() });
    if (!isOurs && !this.#interested) this.updateInterest();
  }

  /** The peer would rather be asked for that piece than for others (BEP 6: suggest). */
  onSuggest(index: number): void {
    // A peer that had the piece before us was not told that we got it.
    if (this.#context.files.verified.has(index)) this.#outbox.have(index);
    else this.receivedSuggestions.add(index);
    this.pieces.offer(index);
  }

  /**
   * Tells the peer whether we are interested: whether it has a piece that we lack, and is within reach, so that we may
   * fetch it now or later. A host that is out of reach and interested all the same would be suggested pieces that
   * others then wait for.
   */
  updateInterest(): void {
    const { picker } = this.#context;
    const interesting = this.#context.isWithinReach(this.#distance) &&
      (picker.isInteresting(this.has) || this.pieces.hasDeferred);
    if (interesting === this.#interested) return;
    this.#interested = interesting;
    this.#outbox.signal(interesting ? MessageId.interested : MessageId.notInterested);
  }

  offerDeferred(): boolean {
    return this.#context.picker.missing <= MISSING_NEAR_END && this.pieces.offerOldest();
  }

  /** The peer accepts requests. */
  onUnchoke(): void {
    this.#choked = false;
  }

  /**
   * The peer accepts no more requests. Without BEP 6 that drops all outstanding ones; with it each is rejected by
   * itself.
   */
  onChoke(fast: boolean): void {
    this.#choked = true;
    if (fast) return;
    this.#context.scheduler.withdraw(this);
    this.outstanding.takeWhere(() => true);
  }

  /** A request will not be answered (BEP 6: reject). */
  onReject(index: number, begin: number, sizeBytes: number): void {
    const request = this.outstanding.take(index, begin, sizeBytes);
    if (request === undefined) return;
    this.#context.scheduler.giveUp(this, request);
    // The peer's queue is full, or it is about to choke us: asking again at once would go round in circles.
    this.#notBeforeTick = this.#context.tick + 1;
  }

  /** Sends requests until the window is full or nothing is left to ask this peer for. */
  fillWindow(): void {
    const { scheduler, clock } = this.#context;
    // A peer that has not answered yet has enough to do: deferred pieces are not asked of it on top of that.
    if (this.outstanding.count === 0) this.pieces.offerDue(clock.nowMs());
    if (
      this.#choked || !this.#interested || !this.#context.mayRequest ||
      this.#context.tick < this.#notBeforeTick
    ) return;
    const { limitBytes } = this.window;
    // Requests go out several at a time: one write for each would cost more than its block.
    if (this.outstanding.sizeBytes > limitBytes * 3 / 4) return;
    this.#requestWhile(limitBytes, () => scheduler.nextRequest(this, this.#context.tick));
    if (this.outstanding.count === 0) this.#context.onIdle(this);
  }

  /** If nothing else is left to ask this peer for, asks it for blocks that others are late with. */
  requestLate(): void {
    const { scheduler } = this.#context;
    if (this.#choked || !this.#interested || !this.#context.mayRequest) return;
    if (this.outstanding.count > 0 || this.#stalled) return;
    this.#requestWhile(
      this.window.limitBytes,
      () => scheduler.nextLateRequest(this, this.#context.tick),
    );
  }

  cancelArrived(piece: PartialPiece<RequestTarget>): void {
    const arrived = this.outstanding.takeWhere((one) => one.piece === piece && piece.has(one));
    for (const request of arrived) {
      if (!request.released) piece.release(request);
      const { begin, sizeBytes } = request;
      this.#outbox.range(MessageId.cancel, { index: piece.index, begin, sizeBytes });
    }
  }

  /** A block begins to come in. Throws {@link ProtocolViolation} if too much came that nobody asked for. */
  onBlockStart(index: number, begin: number, sizeBytes: number): void {
    const request = this.outstanding.take(index, begin, sizeBytes);
    this.#incoming = undefined;
    this.#isDueIncoming = request !== undefined;
    if (request === undefined) {
      this.#unwantedBytes += sizeBytes;
      if (this.#unwantedBytes > MAX_UNWANTED_BYTES) {
        throw new ProtocolViolation(`piece: ${this.#unwantedBytes} bytes that nobody asked for`);
      }
      return;
    }
    this.#unwantedBytes = 0;
    const { piece } = request;
    const { scheduler } = this.#context;
    if (request.released) {
      // The block is late: others may have been asked for it meanwhile, or the piece be fetched from one peer alone.
      if (!scheduler.isOpen(piece) || piece.exclusive || !piece.askAgain(request)) return;
    }
    if (scheduler.isOpen(piece) && piece.startReceiving(request)) {
      this.#incoming = { request, at: begin, sinceTick: this.#context.tick };
    } else {
      scheduler.refuse(this, request);
    }
  }

  /** The next bytes of the block. */
  onBlockBytes(bytes: Uint8Array): void {
    const context = this.#context;
    if (this.#isDueIncoming) {
      this.#paceBytes += bytes.length;
      if (this.#paceBytes >= PACE_BYTES) this.#reachPace();
    }
    this.window.onBytes(bytes.length);
    context.onReceived(this.#distance, bytes.length);
    const incoming = this.#incoming;
    if (incoming === undefined) return;
    const { piece } = incoming.request;
    if (!context.scheduler.isOpen(piece)) return;
    context.scheduler.bufferOf(piece).set(bytes, incoming.at);
    incoming.at += bytes.length;
  }

  /** All bytes of the block have arrived. */
  onBlockEnd(): void {
    const request = this.#incoming?.request;
    this.#incoming = undefined;
    if (this.#isDueIncoming) this.#reachPace();
    if (request === undefined) return;
    const { scheduler, clock } = this.#context;
    this.window.onAnswered(request, clock.nowMs());
    const { piece } = request;
    if (!scheduler.isOpen(piece)) return;
    piece.arrive(request, this);
    this.#wantedBytes += request.sizeBytes;
    this.#context.onBlock(this.#distance);
    if (piece.isAsked(request)) this.#context.onContested(piece, this);
    if (piece.isComplete) this.#context.onPiece(piece);
  }

  /** Once a second. False if the peer has sent so little for so long that its connection is to be closed. */
  onTick(seconds: number): boolean {
    this.window.onTick(seconds);
    const isDue = this.outstanding.count > 0 || this.#incoming !== undefined;
    const { tick } = this.#context;
    if (!isDue) {
      this.#paceTick = tick;
      this.#paceBytes = 0;
    }
    const slowTicks = tick - this.#paceTick;
    if (slowTicks >= STALL_TICKS && !this.#stalled) this.#stall();
    return slowTicks < GIVE_UP_TICKS;
  }

  get overdue(): OutstandingRequest<RequestTarget> | undefined {
    const incoming = this.#incoming;
    if (incoming === undefined) return undefined;
    const isOverdue = this.#context.tick - incoming.sinceTick >= BLOCK_DEADLINE_TICKS;
    return isOverdue ? incoming.request : undefined;
  }

  abandonIncoming(): void {
    const request = this.#incoming?.request;
    this.#incoming = undefined;
    if (request !== undefined) this.#context.scheduler.abandon(this, request.piece, request);
  }

  /** The connection has ended: others may be asked for everything that was outstanding here. */
  end(): void {
    this.abandonIncoming();
    this.#context.scheduler.withdraw(this);
    this.pieces.leave();
  }

  #stall(): void {
    this.#stalled = true;
    this.window.onStall();
    // A block that still comes in, however slowly, goes on until an idle peer takes it over: it may be the only one that
    // has it. Only a piece that is to come from one peer alone must not be left half to a second one.
    if (this.#paceBytes === 0 || this.#incoming?.request.piece.exclusive) this.abandonIncoming();
    this.#context.scheduler.withdraw(this);
  }

  #reachPace(): void {
    this.#paceTick = this.#context.tick;
    this.#paceBytes = 0;
    this.#stalled = false;
  }

  #requestWhile(
    limitBytes: number,
    next: () => OutstandingRequest<RequestTarget> | undefined,
  ): void {
    const { clock } = this.#context;
    const { maxRequestBytes } = this;
    while (
      this.outstanding.sizeBytes < limitBytes && this.outstanding.count < this.#maxRequests &&
      this.#allowance.take(this.#distance, maxRequestBytes)
    ) {
      const request = next();
      this.#allowance.refund(maxRequestBytes - (request?.sizeBytes ?? 0));
      if (request === undefined) return;
      this.window.onRequested(request, this.outstanding.sizeBytes, clock.nowMs());
      const { piece: { index }, begin, sizeBytes } = request;
      this.receivedSuggestions.settle(index);
      this.#outbox.range(MessageId.request, { index, begin, sizeBytes });
    }
  }
}
