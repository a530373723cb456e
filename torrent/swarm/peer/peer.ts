/**
 * This room holds one peer of one release, from the handshake to the end of the connection. Messages come in from
 * `wire/peer_socket.ts` and go to the two halves of a peer: what we fetch from it (`peer_download.ts`) and what it
 * fetches from us (`peer_upload.ts`). Both answer through one outbox, and report to the swarm through
 * `peer_context.ts`.
 */

import { sleep } from "../../../base/clock.ts";
import { type Distance, distanceBetween, type Locality } from "../../../base/locality.ts";
import { PeerAllowance } from "../limits/peer_allowance.ts";
import { Suggestions } from "../suggest/suggestions.ts";
import type { SwarmPeer } from "../swarm_peer.ts";
import { ConnectionTimeouts } from "../wire/connection_timeouts.ts";
import { FrameReader } from "../wire/frame_reader.ts";
import { parseAddress, type Provenance } from "../wire/handshaker.ts";
import {
  type BlockRange,
  expectBytes,
  MessageId,
  Outbox,
  readRange,
  readUint32,
} from "../wire/messages.ts";
import { PeerSocket, type SocketOwner } from "../wire/peer_socket.ts";
import type { PeerContext } from "./peer_context.ts";
import { PeerDownload } from "./peer_download.ts";
import { PeerExtensions } from "./peer_extensions.ts";
import { MAX_REQUEST_BYTES, PeerUpload } from "./peer_upload.ts";

/** Messages that may wait for a peer that does not read, beside the bitfield. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** The largest message other than a block and a bitfield that is accepted: extension handshakes are far smaller. */
const MAX_MESSAGE_BYTES = 64 * 1024;

/** A connected peer: reads its messages, tells it what we have, and joins its two halves. */
export class Peer implements SwarmPeer, SocketOwner {
  readonly provenance: Provenance;
  readonly ipAddress: string;
  readonly download: PeerDownload;
  readonly upload: PeerUpload;
  readonly socket: PeerSocket;
  readonly suggestions: Suggestions | undefined;
  readonly #context: PeerContext;
  readonly #outbox: Outbox;
  readonly #extensions: PeerExtensions;
  readonly #timeouts: ConnectionTimeouts;
  readonly #ending = new AbortController();
  #isInterested = false;
  #isWaitingForDue = false;
  /**
   * Bytes of wanted blocks that had passed in both directions by the last tick, and the last tick at which some did.
   */
  #usefulBytes = 0;
  #usefulTick: number;

  constructor(provenance: Provenance, context: PeerContext) {
    const { files: { release, verified }, limits, infoBytes, buffers } = context;
    const { fast } = provenance.handshake;
    this.provenance = provenance;
    this.ipAddress = parseAddress(provenance.address).hostname;
    this.#usefulTick = context.tick;
    this.#context = context;
    const bitfieldBytes = Math.ceil(release.pieceCount / 8);
    this.#outbox = new Outbox(MAX_WAITING_BYTES + bitfieldBytes);
    this.#extensions = new PeerExtensions(this.#outbox, infoBytes);
    this.#timeouts = new ConnectionTimeouts(context.tick);
    const allowance = (direction: "down" | "up", onRoom: () => void) =>
      new PeerAllowance(limits, { direction, signal: this.#ending.signal, onRoom });
    this.download = new PeerDownload(context, {
      outbox: this.#outbox,
      allowance: allowance("down", () => this.requestMore()),
    });
    this.upload = new PeerUpload({
      release,
      verified,
      outbox: this.#outbox,
      fast,
      readBlock: (offsetBytes, into) => context.readBlock(offsetBytes, into),
      allowance: allowance("up", () => this.socket.wake()),
      onSent: (distance, sizeBytes) => context.onSent(this, distance, sizeBytes),
    });
    if (fast) {
      const next = () => context.suggester.next(this);
      const suggest = (piece: number) => this.#send(() => this.#outbox.suggest(piece));
      this.suggestions = new Suggestions({ pieceBytes: release.pieceLengthBytes, next, suggest });
    }
    this.socket = new PeerSocket(provenance.connection, {
      reader: new FrameReader({
        maxMessageBytes: Math.max(MAX_MESSAGE_BYTES, bitfieldBytes + 1),
        maxBlockBytes: MAX_REQUEST_BYTES,
      }),
      outbox: this.#outbox,
      buffers,
    });
  }

  start(): void {
    this.#introduce();
    this.socket.start(this);
  }

  get isInterested(): boolean {
    return this.#isInterested;
  }

  get isChoked(): boolean {
    return this.upload.isChoked;
  }

  get isThrottled(): boolean {
    return this.upload.isThrottled;
  }

  get idleTicks(): number {
    return this.#context.tick - this.#usefulTick;
  }

  get isSeed(): boolean {
    return this.download.pieces.isSeed;
  }

  get distance(): Distance {
    return this.download.distance;
  }

  get locality(): Locality | undefined {
    return this.#extensions.locality;
  }

  get listensOn(): string | undefined {
    const { address, isOutgoing } = this.provenance;
    if (isOutgoing) return address;
    const { port } = this.#extensions;
    return port === undefined ? undefined : `${address.slice(0, address.lastIndexOf(":"))}:${port}`;
  }

  holds(piece: number): boolean {
    return this.download.pieces.holds(piece);
  }

  get hasBlocks(): boolean {
    return this.upload.hasBlocks || this.#extensions.hasMetadata;
  }

  addBlocks(batch: Uint8Array, at: number): number {
    return this.upload.addBlocks(batch, this.#extensions.addMetadata(batch, at));
  }

  announcePiece(index: number): void {
    const { receivedSuggestions, pieces } = this.download;
    // BEP 3 lets one leave out the have for a peer that has the piece itself. A peer that suggested it needs it all the
    // same, or it would go on to count its suggestion as open.
    if (receivedSuggestions.settle(index) || !pieces.holds(index)) {
      this.#send(() => this.#outbox.have(index));
    }
    pieces.offer(index);
  }

  setChoked(choked: boolean): void {
    this.#send(() => {
      this.upload.setChoked(choked);
      if (!choked) this.suggestions?.fill();
    });
  }

  onReachChanged(): void {
    this.#send(() => this.download.onImportChanged());
    this.requestMore();
  }

  requestMore(): void {
    this.#send(() => this.download.fillWindow());
    this.#requestWhenDue();
  }

  onTick(seconds: number): void {
    this.#noteUse();
    this.upload.onTick(seconds);
    this.socket.limitUnsent(this.upload.batchBytes / 2);
    const verdict = this.#timeouts.check(this.socket, this.#context.tick);
    if (typeof verdict === "object") return this.close(verdict.close);
    if (!this.download.onTick(seconds)) return this.close("it did not send what it was asked for");
    this.#send(() => {
      if (verdict === "keep_alive") this.#outbox.keepAlive();
      this.download.updateInterest();
      this.download.fillWindow();
      this.download.requestLate();
    });
  }

  close(reason: unknown): void {
    this.socket.close(reason);
  }

  async ended(): Promise<void> {
    await this.socket.ended();
  }

  onMessage(id: number, payload: Uint8Array): void {
    switch (id) {
      case MessageId.choke:
        return this.download.onChoke(this.provenance.handshake.fast);
      case MessageId.unchoke:
        return this.download.onUnchoke();
      case MessageId.interested:
        return this.#setInterested(true);
      case MessageId.notInterested:
        return this.#setInterested(false);
      case MessageId.have:
        expectBytes("have", payload, 4);
        this.download.onHave(readUint32(payload, 0));
        return this.suggestions?.onTaken(readUint32(payload, 0));
      case MessageId.bitfield:
        return this.download.onPieces(payload);
      case MessageId.haveAll:
        return this.download.onPieces("all");
      case MessageId.haveNone:
        return this.download.onPieces("none");
      case MessageId.request:
        return this.#onRequest(readRange("request", payload));
      case MessageId.cancel:
        return this.upload.onCancel(readRange("cancel", payload));
      case MessageId.reject: {
        const { index, begin, sizeBytes } = readRange("reject", payload);
        return this.download.onReject(index, begin, sizeBytes);
      }
      case MessageId.suggest:
        expectBytes("suggest", payload, 4);
        return this.download.onSuggest(readUint32(payload, 0));
      case MessageId.extended:
        return this.#onExtended(payload);
      default:
        // BEP 3: messages of unknown kinds are ignored.
        return;
    }
  }

  onBlockStart(index: number, begin: number, sizeBytes: number): void {
    this.download.onBlockStart(index, begin, sizeBytes);
  }

  onBlockBytes(bytes: Uint8Array): void {
    this.download.onBlockBytes(bytes);
  }

  onBlockEnd(): void {
    this.download.onBlockEnd();
  }

  onBatch(): void {
    this.download.fillWindow();
    this.socket.wake();
    this.#requestWhenDue();
  }

  onEnd(reason: unknown): void {
    this.#ending.abort();
    this.download.end();
    this.#context.onEnded(this, reason);
  }

  #noteUse(): void {
    const usefulBytes = this.upload.sentBytes + this.download.wantedBytes;
    if (usefulBytes === this.#usefulBytes) return;
    this.#usefulBytes = usefulBytes;
    this.#usefulTick = this.#context.tick;
  }

  /** The first messages of a connection: what we have, and the extension handshake. */
  #introduce(): void {
    const { fast, extended } = this.provenance.handshake;
    const { verified, isComplete, verifiedBytes } = this.#context.files;
    if (fast && isComplete) this.#outbox.signal(MessageId.haveAll);
    else if (fast && verifiedBytes === 0) this.#outbox.signal(MessageId.haveNone);
    else if (verifiedBytes > 0) this.#outbox.bitfield(verified.bytes);
    if (extended) this.#extensions.sendHandshake(this.#context);
  }

  #onRequest(request: BlockRange): void {
    this.upload.onRequest(request);
    this.suggestions?.onTaken(request.index);
  }

  #setInterested(interested: boolean): void {
    if (interested === this.#isInterested) return;
    this.#isInterested = interested;
    this.#context.onInterest(this);
  }

  #onExtended(payload: Uint8Array): void {
    const extensions = this.#extensions.onMessage(payload);
    // A payload that cannot be read is taken as if the peer had sent none.
    if (extensions === undefined) return;
    this.download.setLimits({
      maxRequests: extensions.maxRequests,
      maxRequestBytes: Math.min(extensions.maxRequestBytes ?? 0, MAX_REQUEST_BYTES),
    });
    const distance = distanceBetween(this.#context.locality, extensions.locality);
    const suggests = this.suggestions !== undefined && extensions.locality !== undefined;
    this.download.setDistance(distance, { suggests });
    this.upload.distance = distance;
    this.#context.onExtensions(this);
  }

  /**
   * Near the end of a release no message may come any more that would make us ask for deferred pieces: a timer does.
   */
  #requestWhenDue(): void {
    const { outstanding, pieces } = this.download;
    const { clock } = this.#context;
    const inMs = outstanding.count > 0 ? undefined : pieces.nextDueInMs(clock.nowMs());
    if (inMs === undefined || this.#isWaitingForDue) return;
    this.#isWaitingForDue = true;
    const { signal } = this.#ending;
    void sleep(clock, inMs, signal).then(() => {
      this.#isWaitingForDue = false;
      if (!signal.aborted) this.requestMore();
    });
  }

  /**
   * Runs work that fills the outbox, and wakes the socket; closes the connection if the peer lets too much wait there.
   */
  #send(work: () => void): void {
    if (this.socket.isClosed) return;
    try {
      work();
      this.socket.wake();
    } catch (error) {
      this.close(error);
    }
  }
}
