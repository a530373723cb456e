/**
 * One release's peers, and the pieces that pass between them and the disk. Everything that the peers
 * share is here; how a transfer begins, ends and reports is in `transfer.ts`.
 */

import { diskError } from "../content_store.ts";
import { type BytesByDistance, countBytes, type Distance, isWithin } from "../locality.ts";
import { BadPieces } from "./bad_pieces.ts";
import { Connections } from "./connections.ts";
import type { Greeted } from "./greeting.ts";
import { askOthers } from "./idle_peers.ts";
import { Peer } from "./peer.ts";
import type { PeerHost } from "./peer_host.ts";
import { Picker } from "./picker.ts";
import { PieceCheck } from "./piece_check.ts";
import { PieceDesk, type Source } from "./piece_desk.ts";
import { PieceHasher } from "./piece_hasher.ts";
import { PieceWriter } from "./piece_writer.ts";
import { prefill } from "./prefill.ts";
import { ProcessorUse } from "./processor_use.ts";
import { RateMeter } from "./rate_meter.ts";
import type { SwarmOptions } from "./swarm_options.ts";
import { dealAcross, PieceDeal } from "./suggestions.ts";
import { UploadAdmission } from "./upload_admission.ts";

/** Time-outs are counted in these; see `PeerHost.tick`. */
const TICK_MS = 1000;
/** A process that was stopped or a clock that jumped makes one strange second, not strange rates. */
const MAX_TICK_SECONDS = 3;

/** So long a connection between two that have everything stays: progress shows it to the last. */
const USELESS_TICKS = 5;

/** See the file's head. */
export class Swarm {
  readonly received: BytesByDistance = { rackBytes: 0, siteBytes: 0, remoteBytes: 0 };
  readonly sent: BytesByDistance = { rackBytes: 0, siteBytes: 0, remoteBytes: 0 };
  readonly downloadRate = new RateMeter();
  readonly uploadRate = new RateMeter();
  readonly #options: SwarmOptions;
  readonly #picker: Picker;
  readonly #desk: PieceDesk;
  readonly #admission: UploadAdmission<Peer>;
  readonly #connections: Connections;
  readonly #writer: PieceWriter;
  readonly #check: PieceCheck;
  readonly #host: PeerHost;
  /** An origin's: we had everything from the start. */
  readonly #deal: PieceDeal | undefined;
  readonly #stop = new AbortController();
  readonly #uselessTicks = new WeakMap<Peer, number>();
  #tick = 0;
  #running: Promise<void> | undefined;
  #reach: Distance = "remote";

  constructor(options: SwarmOptions) {
    this.#options = options;
    const { files, own, clock, random } = options;
    const { release, verified } = files;
    // Its site waits for an origin, a gateway's rack for the gateway.
    const home = files.isComplete ? "site" : "rack";
    this.#picker = new Picker({ pieceCount: release.pieceCount, random, have: verified, home });
    const bad = new BadPieces<Source>();
    this.#desk = new PieceDesk({
      release,
      picker: this.#picker,
      bad,
      sources: () => this.#sources(),
      prefill: (piece) => prefill(piece, { files, bufferOf: () => this.#desk.bufferOf(piece) }),
    });
    this.#deal = files.isComplete ? this.#makeDeal() : undefined;
    this.#admission = new UploadAdmission(home, ({ taker, choked }) => taker.setChoked(choked));
    const { listener } = options;
    this.#writer = new PieceWriter({
      files,
      clock,
      signal: this.#stop.signal,
      onWritten: (index) => this.#announce(index),
      onPaused: (error) => listener.onPaused(error),
      onContinued: () => listener.onContinued(),
      onFailed: (error) => listener.onFailed(error),
    });
    this.#check = new PieceCheck({
      files,
      desk: this.#desk,
      picker: this.#picker,
      bad,
      hasher: new PieceHasher({ release, use: new ProcessorUse(() => clock.nowMs()) }),
      writer: this.#writer,
      signal: this.#stop.signal,
      onRejected: (message) => listener.onRejected(message),
      onGuilty: (guilty) => this.#ban(guilty),
      onRoom: () => this.#pumpAll(),
    });
    this.#host = this.#makeHost();
    this.#connections = new Connections({
      own,
      clock,
      random,
      tick: () => this.#tick,
      isHungry: () => !files.isComplete,
      admit: (origin) => new Peer(origin, this.#host),
      start: (peer) => peer.start(),
    });
  }

  /** Begins to keep time. */
  start(): void {
    this.#running = this.#run();
  }

  /** How many peers are connected. */
  get peerCount(): number {
    return this.#connections.peers.size;
  }

  /** How many of them stand how far away; who has not said yet counts as remote. */
  peersByDistance(): Record<Distance, number> {
    const counts = { rack: 0, site: 0, remote: 0 };
    for (const { download } of this.#connections.peers) counts[download.distance]++;
    return counts;
  }

  /** A tracker has named these peers. */
  add(addresses: readonly string[]): void {
    this.#connections.add(addresses);
  }

  /**
   * How far we are to fetch from; sending is not limited by it. Hosts that dial us from across a border are gateways:
   * whoever fetched from them all the same would bring the same pieces into its rack once more.
   */
  setReach(reach: Distance): void {
    if (reach === this.#reach) return;
    const isWider = isWithin(reach, this.#reach);
    this.#reach = reach;
    if (isWider) this.#pumpAll();
  }

  /** Somebody has dialled us for this release. */
  accept(greeted: Greeted): void {
    this.#connections.accept(greeted);
  }

  /** Closes every connection; resolves when nothing is left running. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#connections.close();
    await this.#running;
    await this.#check.ended();
    await this.#writer.ended();
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    let lastMs = clock.nowMs();
    while (!this.#stop.signal.aborted) {
      await clock.sleep(TICK_MS, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      const nowMs = clock.nowMs();
      const passedSeconds = (nowMs - lastMs) / 1000;
      lastMs = nowMs;
      this.#tick++;
      const seconds = Math.min(Math.max(passedSeconds, TICK_MS / 2000), MAX_TICK_SECONDS);
      this.downloadRate.onTick(seconds);
      this.uploadRate.onTick(seconds);
      this.#admit(seconds);
      for (const peer of [...this.#connections.peers]) {
        peer.onTick(seconds);
        this.#closeIfUseless(peer);
      }
      this.#connections.onTick();
    }
  }

  #admit(seconds: number): void {
    const { files: { release, isComplete } } = this.#options;
    this.#admission.onTick({
      isSource: this.#deal !== undefined || this.#reach !== "rack" && !isComplete,
      owedBytes: this.#picker.owedHome * release.pieceLengthBytes,
      pieceBytes: release.pieceLengthBytes,
      downloadBytesPerSecond: this.downloadRate.bytesPerSecond,
      seconds,
    }, this.#connections.peers);
  }

  #makeHost(): PeerHost {
    const { clock, files, limits, buffers, locality, port, infoBytes } = this.#options;
    return {
      files,
      picker: this.#picker,
      desk: this.#desk,
      limits,
      buffers,
      deal: this.#deal,
      locality,
      port,
      infoBytes,
      tick: () => this.#tick,
      nowMs: () => clock.nowMs(),
      sleep: (durationMs, signal) => clock.sleep(durationMs, signal),
      mayRequest: (distance) =>
        !this.#writer.isPaused && !this.#stop.signal.aborted && isWithin(this.#reach, distance),
      readBlock: (offsetBytes, into) => this.#readBlock(offsetBytes, into),
      onReceived: (distance, sizeBytes) => {
        countBytes(this.received, distance, sizeBytes);
        this.downloadRate.onBytes(sizeBytes);
      },
      onSent: (peer, distance, sizeBytes) => this.#onSent(peer, distance, sizeBytes),
      onContested: (piece, by) => {
        for (const { download } of this.#connections.peers) {
          if (download !== by) download.cancelArrived(piece);
        }
      },
      onIdle: (idle) => askOthers(idle, this.#connections.peers),
      onPiece: (piece) => this.#check.onPiece(piece),
      onExtensions: (peer) => {
        this.#admission.update(peer);
        this.#options.listener.onConnected(peer.origin.address, peer.locality);
      },
      onInterest: (peer) => this.#admission.update(peer),
      onEnded: (peer, reason) => this.#onEnded(peer, reason),
    };
  }

  #makeDeal(): PieceDeal {
    const { files: { release: { pieceCount } }, random } = this.#options;
    return new PieceDeal({ pieceCount, random, peers: () => this.#sources() });
  }

  *#sources(): Generator<Source> {
    for (const { download } of this.#connections.peers) yield download;
  }

  #readBlock(offsetBytes: number, into: Uint8Array): void {
    const { files, listener } = this.#options;
    try {
      files.store.read(offsetBytes, into);
    } catch (error) {
      // Whoever cannot serve what it has must not stay in the swarm as if it could.
      listener.onFailed(diskError("read", files.store.root, error));
      throw error;
    }
  }

  #onSent(peer: Peer, distance: Distance, sizeBytes: number): void {
    countBytes(this.sent, distance, sizeBytes);
    this.uploadRate.onBytes(sizeBytes);
    this.#admission.onSent(peer, sizeBytes);
  }

  #onEnded(peer: Peer, reason: unknown): void {
    this.#options.log.debug("{infoHash}: {peer} has gone: {reason}", {
      infoHash: this.#options.own.infoHash,
      peer: peer.origin.address,
      reason: reason instanceof Error ? reason.message : reason,
    });
    this.#connections.remove(peer);
    this.#admission.remove(peer);
    // What it was asked for is free again: others need not wait for their next message.
    this.#pumpAll();
    if (this.#connections.peers.size === 0) this.#options.listener.onLonely();
  }

  /** Two that have everything have nothing to say to each other, and others may want the place. */
  #closeIfUseless(peer: Peer): void {
    if (!this.#options.files.isComplete || !peer.download.pieces.isSeed) return;
    const ticks = (this.#uselessTicks.get(peer) ?? 0) + 1;
    this.#uselessTicks.set(peer, ticks);
    if (ticks > USELESS_TICKS) peer.close("both have everything");
  }

  #ban(guilty: readonly Source[]): void {
    for (const peer of [...this.#connections.peers]) {
      if (guilty.includes(peer.download)) this.#connections.ban(peer, "it sent wrong bytes");
    }
  }

  #pumpAll(): void {
    for (const peer of this.#connections.peers) peer.pump();
  }

  #announce(index: number): void {
    const { files, listener } = this.#options;
    this.#picker.complete(index);
    listener.onVerified(index);
    for (const peer of this.#connections.peers) peer.announcePiece(index);
    dealAcross(index, this.#connections.peers);
    if (!files.isComplete) return;
    listener.onComplete();
  }
}
