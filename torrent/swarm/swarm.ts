/**
 * One release's peers, and the pieces that pass between them and the disk. Everything that the peers
 * share is here; how a transfer begins, ends and reports is in `transfer.ts`.
 */

import { diskError } from "../content/content_store.ts";
import { sleep } from "../../base/clock.ts";
import {
  type BytesByDistance,
  countBytes,
  type Distance,
  isWithin,
  type Reach,
} from "../../base/locality.ts";
import { SmartBan } from "./pieces/smart_ban.ts";
import { ConnectionPool } from "./connections/connection_pool.ts";
import type { EstablishedConnection } from "./wire/handshaker.ts";
import { NewPieceAssigner } from "./suggest/new_piece_assigner.ts";
import { askOthers, isAnybodyAsked } from "./pieces/idle_requests.ts";
import { LostPeers } from "./connections/lost_peers.ts";
import { SuperSeeding } from "./suggest/super_seeding.ts";
import { Peer } from "./peer/peer.ts";
import type { PeerContext } from "./peer/peer_context.ts";
import { PiecePicker } from "./pieces/piece_picker.ts";
import { PieceCompletion } from "./pieces/piece_completion.ts";
import { RequestScheduler, type RequestTarget } from "./pieces/request_scheduler.ts";
import { PieceHasher } from "./pieces/piece_hasher.ts";
import { PieceWriter } from "./pieces/piece_writer.ts";
import { prefill } from "./pieces/prefill.ts";
import { CpuSaturation } from "./pieces/cpu_saturation.ts";
import { RateMeter } from "./limits/rate_meter.ts";
import type { SwarmOptions } from "./swarm_options.ts";
import { Choker } from "./choker/choker.ts";
import { RedundantSeeds } from "./connections/redundant_seeds.ts";

/** Time-outs are counted in these; see `PeerContext.tick`. */
const TICK_MS = 1000;
/** A process that was stopped or a clock that jumped makes one strange second, not strange rates. */
const MAX_TICK_SECONDS = 3;

/** See the file's head. */
export class Swarm {
  readonly received: BytesByDistance = { rackBytes: 0, siteBytes: 0, remoteBytes: 0 };
  readonly sent: BytesByDistance = { rackBytes: 0, siteBytes: 0, remoteBytes: 0 };
  readonly downloadRate = new RateMeter();
  readonly uploadRate = new RateMeter();
  readonly #options: SwarmOptions;
  readonly #picker: PiecePicker;
  readonly #desk: RequestScheduler;
  readonly #admission: Choker<Peer>;
  readonly #connections: ConnectionPool;
  readonly #writer: PieceWriter;
  readonly #check: PieceCompletion;
  readonly #host: PeerContext;
  /** We had everything from the start. */
  readonly #isOrigin: boolean;
  readonly #freshDeal: NewPieceAssigner;
  readonly #stop = new AbortController();
  readonly #lost = new LostPeers();
  readonly #useless = new RedundantSeeds();
  #tick = 0;
  #running: Promise<void> | undefined;
  #reach: Reach = "everywhere";

  constructor(options: SwarmOptions) {
    this.#options = options;
    const { files, own, clock, random, listener } = options;
    const { release, verified } = files;
    // Its site waits for an origin, a gateway's rack for the gateway.
    this.#isOrigin = files.isComplete;
    const home = this.#isOrigin ? "site" : "rack";
    this.#picker = new PiecePicker({
      pieceCount: release.pieceCount,
      random,
      have: verified,
      home,
    });
    const bad = new SmartBan<RequestTarget>();
    this.#desk = new RequestScheduler({
      release,
      picker: this.#picker,
      bad,
      sources: () => this.#sources(),
      prefill: (piece) => prefill(piece, { files, bufferOf: () => this.#desk.bufferOf(piece) }),
    });
    this.#freshDeal = new NewPieceAssigner(() => this.#connections.peers);
    this.#admission = new Choker(home, ({ taker, choked }) => taker.setChoked(choked));
    this.#writer = new PieceWriter({
      files,
      clock,
      signal: this.#stop.signal,
      onWritten: (index) => this.#announce(index),
      onPaused: (error) => listener.onPaused(error),
      onContinued: () => listener.onContinued(),
      onFailed: (error) => listener.onFailed(error),
    });
    this.#check = new PieceCompletion({
      files,
      desk: this.#desk,
      picker: this.#picker,
      bad,
      hasher: new PieceHasher({ release, use: new CpuSaturation(() => clock.nowMs()) }),
      writer: this.#writer,
      signal: this.#stop.signal,
      onRejected: (message) => listener.onRejected(message),
      onGuilty: (guilty) => this.#ban(guilty),
      onRoom: () => this.#pumpAll(),
    });
    this.#host = this.#makeHost();
    this.#connections = new ConnectionPool({
      own,
      clock,
      random,
      tick: () => this.#tick,
      isHungry: () => !files.isComplete,
      admit: (origin) => new Peer(origin, this.#host),
      onRefused: (address) => {
        this.#lost.onRefused(address, this.#tick);
        if (!files.isComplete) listener.onNeed();
      },
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

  /** Where the hosts of our site listen that were lost; see `lost_peers.ts`. */
  get lost(): readonly string[] {
    return this.#lost.at(this.#tick);
  }

  /** A tracker has named these peers. */
  add(addresses: readonly string[]): void {
    this.#connections.add(addresses);
  }

  /**
   * How far we are to fetch from; sending is not limited by it. Hosts that dial us from across a border are gateways:
   * whoever fetched from them all the same would bring the same pieces into its rack once more.
   */
  setReach(reach: Reach): void {
    if (reach === this.#reach) return;
    this.#reach = reach;
    for (const peer of this.#connections.peers) peer.onReach();
  }

  /** Somebody has dialled us for this release. */
  accept(greeted: EstablishedConnection): void {
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
    const { clock, files, listener } = this.#options;
    let lastMs = clock.nowMs();
    while (!this.#stop.signal.aborted) {
      await sleep(clock, TICK_MS, this.#stop.signal);
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
        if (files.isComplete && this.#useless.onTick(peer)) peer.close("both have everything");
      }
      this.#connections.onTick();
      if (!files.isComplete && !this.#writer.isPaused && !isAnybodyAsked(this.#connections.peers)) {
        listener.onNeed();
      }
    }
  }

  #admit(seconds: number): void {
    const { files: { release, isComplete } } = this.#options;
    this.#admission.onTick({
      isSource: this.#isOrigin || this.#reach !== "rack" && !isComplete,
      owedBytes: this.#picker.owedHome * release.pieceLengthBytes,
      pieceBytes: release.pieceLengthBytes,
      downloadBytesPerSecond: this.downloadRate.bytesPerSecond,
      seconds,
    }, this.#connections.peers);
  }

  #makeHost(): PeerContext {
    const { clock, random, files, limits, buffers, locality, port, infoBytes } = this.#options;
    const { pieceCount } = files.release;
    return {
      files,
      picker: this.#picker,
      scheduler: this.#desk,
      limits,
      buffers,
      deal: this.#isOrigin
        ? new SuperSeeding({ pieceCount, random, peers: () => this.#sources() })
        : this.#freshDeal,
      locality,
      port,
      infoBytes,
      tick: () => this.#tick,
      nowMs: () => clock.nowMs(),
      clock,
      isWithinReach: (distance) => isWithin(this.#reach, distance),
      mayRequest: () => !this.#writer.isPaused && !this.#stop.signal.aborted,
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
        this.#lost.onConnected(peer);
        this.#options.listener.onConnected(peer.origin.address, peer.locality);
      },
      onInterest: (peer) => this.#admission.update(peer),
      onEnded: (peer, reason) => this.#onEnded(peer, reason),
    };
  }

  *#sources(): Generator<RequestTarget> {
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
    const { files, listener } = this.#options;
    const isMissed = this.#lost.onEnded(peer, { reach: this.#reach, tick: this.#tick });
    const isAlone = this.#connections.peers.size === 0;
    if (!files.isComplete && (isMissed || isAlone)) listener.onNeed();
  }

  #ban(guilty: readonly RequestTarget[]): void {
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
    this.#freshDeal.add(index);
    if (files.isComplete) listener.onComplete();
  }
}
