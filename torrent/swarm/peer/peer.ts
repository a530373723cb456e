/**
 * One peer of one release, from the handshake to the end of the connection: reads its messages, tells
 * it what we have, and hands on the rest to its two halves, `PeerDownload` and `PeerUpload`.
 */

import { sleep } from "../../../base/clock.ts";
import { type Distance, distanceBetween, type Locality } from "../../../base/locality.ts";
import { PeerAllowance } from "../limits/peer_allowance.ts";
import { FrameReader } from "../wire/frame_reader.ts";
import type { Provenance } from "../wire/handshaker.ts";
import { ConnectionTimeouts } from "../wire/connection_timeouts.ts";
import {
  type BlockRange,
  expectBytes,
  MessageId,
  Outbox,
  readRange,
  readUint32,
} from "../wire/messages.ts";
import { PeerDownload } from "./peer_download.ts";
import { PeerExtensions } from "./peer_extensions.ts";
import { PeerSocket, type SocketOwner } from "../wire/peer_socket.ts";
import { MAX_REQUEST_BYTES, PeerUpload } from "./peer_upload.ts";
import type { PeerContext } from "./peer_context.ts";
import { Suggestions } from "../suggest/suggestions.ts";

/** Messages that may wait for a peer that does not read, beside its bitfield and metadata. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** Whoever asks for metadata (BEP 9) asks for many parts at a time. */
const MAX_WAITING_METADATA_BYTES = 8 * 1024 * 1024;
/** Of a message that is no block: extension handshakes are far below. */
const MAX_MESSAGE_BYTES = 64 * 1024;

/** See the file's head. */
export class Peer implements SocketOwner {
  readonly origin: Provenance;
  readonly download: PeerDownload;
  readonly upload: PeerUpload;
  readonly socket: PeerSocket;
  readonly #host: PeerContext;
  readonly #outbox: Outbox;
  readonly #extensions: PeerExtensions;
  readonly #liveness: ConnectionTimeouts;
  readonly #ending = new AbortController();
  /** What we suggest to it, if it understands that. */
  readonly suggestions: Suggestions | undefined;
  #isInterested = false;
  #isPumpingLater = false;

  constructor(origin: Provenance, host: PeerContext) {
    const { release } = host.files;
    this.origin = origin;
    this.#host = host;
    const bitfieldBytes = Math.ceil(release.pieceCount / 8);
    this.#outbox = new Outbox(
      MAX_WAITING_BYTES + bitfieldBytes +
        Math.min(host.infoBytes.length, MAX_WAITING_METADATA_BYTES),
    );
    this.#extensions = new PeerExtensions(this.#outbox, host.infoBytes);
    this.#liveness = new ConnectionTimeouts(host.tick());
    const allowance = (direction: "down" | "up", onRoom: () => void) =>
      new PeerAllowance(host.limits, { direction, signal: this.#ending.signal, onRoom });
    this.download = new PeerDownload({
      ...host,
      pieceCount: release.pieceCount,
      verified: host.files.verified,
      outbox: this.#outbox,
      allowance: allowance("down", () => this.pump()),
    });
    this.upload = new PeerUpload({
      release,
      verified: host.files.verified,
      outbox: this.#outbox,
      fast: origin.handshake.fast,
      readBlock: host.readBlock,
      allowance: allowance("up", () => this.socket.wake()),
      onSent: (distance, sizeBytes) => host.onSent(this, distance, sizeBytes),
    });
    if (origin.handshake.fast) {
      const next = () => host.deal.next(this);
      const suggest = (piece: number) => this.#send(() => this.#outbox.suggest(piece));
      this.suggestions = new Suggestions({ pieceBytes: release.pieceLengthBytes, next, suggest });
    }
    this.socket = new PeerSocket(origin.connection, {
      reader: new FrameReader({
        maxMessageBytes: Math.max(MAX_MESSAGE_BYTES, bitfieldBytes + 1),
        maxBlockBytes: MAX_REQUEST_BYTES,
      }),
      outbox: this.#outbox,
      buffers: host.buffers,
    });
  }

  /** Says who we are and what we have, and begins to listen. */
  start(): void {
    this.#greet();
    this.socket.start(this);
  }

  /** Whether it wants anything that we have. */
  get isInterested(): boolean {
    return this.#isInterested;
  }

  /** How far away it stands; remote as long as it has not said. */
  get distance(): Distance {
    return this.download.distance;
  }

  /** Where it stands, if it has said so. */
  get locality(): Locality | undefined {
    return this.#extensions.locality;
  }

  /** "address:port" on which it listens, as far as it is known. */
  get listensOn(): string | undefined {
    const { address, isOutgoing } = this.origin;
    if (isOutgoing) return address;
    const { port } = this.#extensions;
    return port === undefined ? undefined : `${address.slice(0, address.lastIndexOf(":"))}:${port}`;
  }

  get hasBlocks(): boolean {
    return this.upload.hasBlocks;
  }

  addBlocks(batch: Uint8Array, at: number): number {
    return this.upload.addBlocks(batch, at);
  }

  /** We have got a piece: it is told of it, unless it has it itself and did not suggest it. */
  announcePiece(index: number): void {
    const { hints, pieces } = this.download;
    // BEP 3 lets one spare the message; to whoever has the piece, and does not wait for it, it would only be noise.
    if (hints.settle(index) || !pieces.holds(index)) this.#send(() => this.#outbox.have(index));
    pieces.stopWaiting(index);
  }

  /** A slot was won or lost. */
  setChoked(choked: boolean): void {
    this.#send(() => {
      this.upload.setChoked(choked);
      if (!choked) this.suggestions?.fill();
    });
  }

  /** From how far away we are to fetch has changed. */
  onReach(): void {
    this.#send(() => this.download.updateInterest());
    this.pump();
  }

  /** Asks for what there is to ask for. */
  pump(): void {
    this.#send(() => this.download.pump());
    this.#pumpLater();
  }

  /** Once a second: time-outs, keep-alives, and what an idle peer can help with. */
  onTick(seconds: number): void {
    const verdict = this.#liveness.look(this.socket, this.#host.tick());
    if (typeof verdict === "object") return this.close(verdict.close);
    if (!this.download.onTick(seconds)) return this.close("it did not send what it was asked for");
    this.#send(() => {
      if (verdict === "keep_alive") this.#outbox.keepAlive();
      this.download.updateInterest();
      this.download.pump();
      this.download.pumpLate();
    });
  }

  /** Ends the connection. */
  close(reason: unknown): void {
    this.socket.close(reason);
  }

  onMessage(id: number, payload: Uint8Array): void {
    switch (id) {
      case MessageId.choke:
        return this.download.onChoke(this.origin.handshake.fast);
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
        // What is not known is to be ignored.
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
    this.download.pump();
    this.socket.wake();
    this.#pumpLater();
  }

  onEnd(reason: unknown): void {
    this.#ending.abort();
    this.download.end();
    this.#host.onEnded(this, reason);
  }

  #greet(): void {
    const { fast, extended } = this.origin.handshake;
    const { verified, isComplete, verifiedBytes } = this.#host.files;
    if (fast && isComplete) this.#outbox.signal(MessageId.haveAll);
    else if (fast && verifiedBytes === 0) this.#outbox.signal(MessageId.haveNone);
    else if (verifiedBytes > 0) this.#outbox.bitfield(verified.bytes);
    if (extended) this.#extensions.greet(this.#host);
  }

  #onRequest(request: BlockRange): void {
    this.upload.onRequest(request);
    this.suggestions?.onTaken(request.index);
  }

  #setInterested(interested: boolean): void {
    if (interested === this.#isInterested) return;
    this.#isInterested = interested;
    this.#host.onInterest(this);
  }

  #onExtended(payload: Uint8Array): void {
    const extensions = this.#extensions.onMessage(payload);
    // What makes no sense is taken as if the peer had said nothing.
    if (extensions === undefined) return;
    this.download.setLimits({
      maxRequests: extensions.maxRequests,
      maxRequestBytes: Math.min(extensions.maxRequestBytes ?? 0, MAX_REQUEST_BYTES),
    });
    const distance = distanceBetween(this.#host.locality, extensions.locality);
    const suggests = this.suggestions !== undefined && extensions.locality !== undefined;
    this.download.setPlace(distance, { suggests });
    this.upload.distance = distance;
    this.#host.onExtensions(this);
  }

  /** At the end of a release nothing else may come that would lead to another look. */
  #pumpLater(): void {
    const { outstanding, pieces } = this.download;
    const inMs = outstanding.count > 0 ? undefined : pieces.dueInMs(this.#host.nowMs());
    if (inMs === undefined || this.#isPumpingLater) return;
    this.#isPumpingLater = true;
    const { signal } = this.#ending;
    void sleep(this.#host.clock, inMs, signal).then(() => {
      this.#isPumpingLater = false;
      if (!signal.aborted) this.pump();
    });
  }

  /** What is put into the outbox has to be sent; a peer for which too much waits is dropped. */
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
