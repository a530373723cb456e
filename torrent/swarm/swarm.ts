/**
 * One release's swarm: everything that its peers share, and the way of a block through it. A peer (`peer/`) asks the
 * request scheduler (`pieces/`) what to request; its blocks make up pieces, which are verified, written and announced
 * to all peers; the choker says whose requests are served. How a transfer begins, ends and reports is in `transfer.ts`.
 */

import type { Clock } from "../../base/clock.ts";
import { type Distance, isWithin, type Locality, type Reach } from "../../base/locality.ts";
import { formatDuty, type StripeDuty } from "../../base/stripes.ts";
import { diskError } from "../content/disk_error.ts";
import type { TransferFiles } from "../content/transfer_files.ts";
import type { Supply } from "../engine/obstacle.ts";
import { Choker } from "./choker/choker.ts";
import { ConnectionPool } from "./connections/connection_pool.ts";
import { LostPeers } from "./connections/lost_peers.ts";
import { RedundantSeeds } from "./connections/redundant_seeds.ts";
import { sourcesOf } from "./connections/sources.ts";
import { FetchReach } from "./fetch_reach.ts";
import { isAnyRequestOutstanding, requestFromOthers } from "./idle_requests.ts";
import type { RateLimits } from "./limits/rate_limits.ts";
import { Peer } from "./peer/peer.ts";
import type { PeerContext } from "./peer/peer_context.ts";
import { CpuSaturation } from "./pieces/cpu_saturation.ts";
import type { PartialPiece } from "./pieces/partial_piece.ts";
import { PieceCompletion } from "./pieces/piece_completion.ts";
import { PieceHasher } from "./pieces/piece_hasher.ts";
import { PiecePicker } from "./pieces/piece_picker.ts";
import { PieceWriter } from "./pieces/piece_writer.ts";
import { prefill } from "./pieces/prefill.ts";
import { RequestScheduler } from "./pieces/request_scheduler.ts";
import type { RequestTarget } from "./pieces/request_target.ts";
import { SmartBan } from "./pieces/smart_ban.ts";
import { NewPieceAssigner } from "./suggest/new_piece_assigner.ts";
import type { PieceSuggester } from "./suggest/suggestions.ts";
import { SuperSeeding } from "./suggest/super_seeding.ts";
import { supplyOf } from "./supply.ts";
import { SwarmLog } from "./swarm_log.ts";
import type { SwarmListener, SwarmOptions } from "./swarm_options.ts";
import type { SwarmPeer } from "./swarm_peer.ts";
import { Ticker } from "./ticker.ts";
import { SwarmTraffic } from "./traffic.ts";
import type { EstablishedConnection } from "./wire/handshaker.ts";
import type { SendBuffers } from "./wire/peer_socket.ts";

/**
 * After this many seconds without a request a host leaves the stripes aside, for what no mate has: the tracker deals those of
 * a host that has gone within a few seconds, unless it is away itself.
 */
const STRIPES_PATIENCE_TICKS = 10;
/** While nothing comes, the fallback peers are tried every this many seconds. */
const FALLBACK_TICKS = 5;

/** The peers of one release, and the pieces that pass between them and the disk. */
export class Swarm implements PeerContext {
  readonly traffic = new SwarmTraffic();
  readonly files: TransferFiles;
  readonly picker: PiecePicker;
  readonly scheduler: RequestScheduler;
  readonly limits: RateLimits;
  readonly buffers: SendBuffers;
  readonly suggester: PieceSuggester<SwarmPeer>;
  readonly locality: Locality;
  readonly port: number;
  readonly infoBytes: Uint8Array;
  readonly clock: Clock;
  readonly #listener: SwarmListener;
  readonly #log: SwarmLog;
  readonly #choker: Choker;
  readonly #connections: ConnectionPool;
  readonly #writer: PieceWriter;
  readonly #completion: PieceCompletion;
  /** Whether we had every piece from the start. */
  readonly #startedAsSeed: boolean;
  readonly #newPieceAssigner: NewPieceAssigner;
  readonly #stop = new AbortController();
  readonly #ticker: Ticker;
  readonly #lostPeers = new LostPeers();
  readonly #redundantSeeds = new RedundantSeeds();
  readonly #reach = new FetchReach();
  #duty: StripeDuty | undefined;
  /** Seconds without a request while pieces are missing, up to {@link STRIPES_PATIENCE_TICKS}. */
  #idleTicks = 0;
  readonly #fallbackPeers: readonly string[];

  constructor(options: SwarmOptions) {
    const { files, own, clock, random, listener } = options;
    const { release, verified } = files;
    this.files = files;
    this.limits = options.limits;
    this.buffers = options.buffers;
    this.locality = options.locality;
    this.port = options.port;
    this.infoBytes = options.infoBytes;
    this.clock = clock;
    this.#ticker = new Ticker(clock, this.#stop.signal);
    this.#fallbackPeers = options.fallbackPeers;
    this.#listener = listener;
    this.#log = new SwarmLog(own.infoHash, options);
    this.#startedAsSeed = files.isComplete;
    // A seed's whole site waits for it, a gateway's rack for the gateway.
    const localScope = this.#startedAsSeed ? "site" : "rack";
    this.picker = new PiecePicker({
      pieceCount: release.pieceCount,
      random,
      have: verified,
      localScope,
    });
    const smartBan = new SmartBan<RequestTarget>();
    this.scheduler = new RequestScheduler({
      release,
      picker: this.picker,
      smartBan,
      targets: () => this.#targets(),
      prefill: (piece) => prefill(piece, { files, bufferOf: () => this.scheduler.bufferOf(piece) }),
    });
    const isStriped = () => this.picker.isStriped;
    this.#newPieceAssigner = new NewPieceAssigner(() => this.#connections.peers, isStriped);
    this.suggester = this.#startedAsSeed
      ? new SuperSeeding({
        pieceCount: release.pieceCount,
        random,
        peers: () => this.#targets(),
        isStriped,
      })
      : this.#newPieceAssigner;
    this.#choker = new Choker(localScope);
    this.#writer = new PieceWriter({
      files,
      clock,
      signal: this.#stop.signal,
      onWritten: (index) => this.#announcePiece(index),
      onPaused: (error) => listener.onPaused(error),
      onContinued: () => listener.onContinued(),
      onFailed: (error) => listener.onFailed(error),
    });
    this.#completion = new PieceCompletion({
      files,
      scheduler: this.scheduler,
      picker: this.picker,
      smartBan,
      hasher: new PieceHasher({ release, saturation: new CpuSaturation(() => clock.nowMs()) }),
      writer: this.#writer,
      signal: this.#stop.signal,
      onRejected: (message) => listener.onRejected(message),
      onGuilty: (guilty) => this.#connections.ban(guilty),
      onRoom: () => this.#requestFromAll(),
    });
    this.#connections = new ConnectionPool({
      own,
      clock,
      random,
      tick: () => this.tick,
      isHungry: () => !files.isComplete,
      admit: (provenance) => new Peer(provenance, this),
      onBanned: (address, reason, seconds) => {
        this.#log.banned(address, reason, seconds);
        listener.onBanned(address, reason);
      },
      onTurnedAway: (address, reason) => this.#log.turnedAway(address, reason),
      onRefused: (address) => {
        this.#lostPeers.onRefused(address, this.tick);
        if (!files.isComplete) listener.onNeed();
      },
    });
  }

  /** Begins to count seconds. */
  start(): void {
    this.#ticker.start((seconds) => this.#onTick(seconds));
  }

  /** How many peers are connected. */
  get peerCount(): number {
    return this.#connections.peers.size;
  }

  /** How many peers are connected at each distance; those that have not said yet where they are count as remote. */
  peersByDistance(): Record<Distance, number> {
    return this.#connections.countByDistance();
  }

  /** From where the missing pieces could come. */
  get supply(): Supply {
    return supplyOf(this.#connections, this.picker);
  }

  /** Addresses of the peers that are banned at present; see `ban_list.ts`. */
  get bannedPeers(): readonly string[] {
    return this.#connections.banned;
  }

  /** Addresses of peers that blocks come from, for the next announce; see `sources.ts`. */
  get sources(): readonly string[] {
    return sourcesOf(this.#connections.peers);
  }

  /** Addresses of hosts of our site that were lost, for the next announce; see `lost_peers.ts`. */
  get lostPeers(): readonly string[] {
    return this.#lostPeers.at(this.tick);
  }

  /** A tracker has named these addresses. */
  add(addresses: readonly string[]): void {
    this.#connections.add(addresses);
  }

  /**
   * Sets from how far away we are to fetch; sending is not limited by it. Hosts that dial us from across the border are
   * gateways: fetching from them all the same would bring the same pieces into their rack once more.
   */
  setReach(reach: Reach): void {
    if (this.#reach.assign(reach)) this.#updateReach();
  }

  /** The stripes that we bring into our rack, for the next announce: a tracker that has restarted does not know them. */
  get ownStripes(): readonly number[] {
    return this.#duty?.rack ?? [];
  }

  /** Sets what we are to bring in from now on; undefined: the import is not striped. */
  setDuty(duty: StripeDuty | undefined): void {
    const isSame = duty !== undefined && this.#duty !== undefined &&
      formatDuty(duty) === formatDuty(this.#duty);
    if (isSame || duty === this.#duty) return;
    this.#duty = duty;
    this.#idleTicks = 0;
    this.#updateReach();
  }

  /** A peer has dialled us for this release. */
  accept(established: EstablishedConnection): void {
    this.#connections.accept(established);
  }

  /** Closes every connection; resolves when nothing is left running. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#connections.close();
    await this.#ticker.ended();
    await this.#completion.ended();
    await this.#writer.ended();
  }

  get tick(): number {
    return this.#ticker.tick;
  }

  get mayRequest(): boolean {
    return !this.#writer.isPaused && !this.#stop.signal.aborted;
  }

  isWithinReach(distance: Distance): boolean {
    return this.#reach.includes(distance);
  }

  readBlock(offsetBytes: number, into: Uint8Array): void {
    const { store } = this.files;
    try {
      store.read(offsetBytes, into);
    } catch (error) {
      // A host that cannot read what it has must not stay in the swarm as if it could serve it.
      this.#listener.onFailed(diskError("read", store.root, error));
      throw error;
    }
  }

  onReceived(distance: Distance, sizeBytes: number): void {
    this.traffic.onReceived(distance, sizeBytes);
  }

  onSent(peer: SwarmPeer, distance: Distance, sizeBytes: number): void {
    this.traffic.onSent(distance, sizeBytes);
    this.#choker.onSent(peer, sizeBytes);
  }

  onBlock(distance: Distance): void {
    const isServed = distance === "rack" && this.#leavesStripesAside;
    if (isServed) this.#idleTicks = 0;
    if (this.#reach.onBlock(distance) || isServed) this.#updateReach();
  }

  onContested(piece: PartialPiece<RequestTarget>, by: RequestTarget): void {
    for (const target of this.#targets()) if (target !== by) target.cancelArrived(piece);
  }

  onIdle(idle: RequestTarget): void {
    requestFromOthers(idle, this.#connections.peers);
  }

  onPiece(piece: PartialPiece<RequestTarget>): void {
    this.#completion.onPiece(piece);
  }

  onExtensions(peer: SwarmPeer): void {
    this.#choker.update(peer);
    this.#lostPeers.onConnected(peer);
    this.#listener.onConnected(peer.provenance.address, peer.locality);
  }

  onInterest(peer: SwarmPeer): void {
    this.#choker.update(peer);
  }

  onEnded(peer: SwarmPeer, reason: unknown): void {
    this.#log.ended(peer.provenance.address, reason);
    this.#connections.remove(peer);
    this.#choker.remove(peer);
    // What the peer was asked for is free again: others need not wait for their next message to be asked for it.
    this.#requestFromAll();
    const isMissed = this.#lostPeers.onEnded(peer, {
      reach: this.#reach.assigned,
      tick: this.tick,
    });
    const isAlone = this.#connections.peers.size === 0;
    if (!this.files.isComplete && (isMissed || isAlone)) this.#listener.onNeed();
  }

  #onTick(seconds: number): void {
    const { peers } = this.#connections;
    const { files: { release, isComplete }, traffic } = this;
    traffic.onTick(seconds);
    this.#choker.onTick({
      // With stripes all bring in, and their mates fetch from each of them.
      isSource: this.#startedAsSeed ||
        this.#duty === undefined && this.#reach.assigned !== "rack" && !isComplete,
      missingLocallyBytes: this.picker.missingLocally * release.pieceLengthBytes,
      pieceBytes: release.pieceLengthBytes,
      downloadBytesPerSecond: traffic.downloadBytesPerSecond,
      seconds,
    }, peers);
    for (const peer of [...peers]) {
      peer.onTick(seconds);
      if (this.files.isComplete && this.#redundantSeeds.onTick(peer)) {
        peer.close("both have everything");
      }
    }
    this.#checkSupply();
    this.#connections.onTick();
    const isIdle = !this.files.isComplete && !this.#writer.isPaused &&
      !isAnyRequestOutstanding(peers);
    if (isIdle) this.#listener.onNeed();
    this.#checkStripes(isIdle);
  }

  #checkStripes(isIdle: boolean): void {
    if (this.#duty === undefined || this.#leavesStripesAside) return;
    this.#idleTicks = isIdle ? this.#idleTicks + 1 : 0;
    if (this.#leavesStripesAside) this.#updateReach();
  }

  /** Whether it fetches what no mate has, whose stripe it may be: until a mate sends something, or the tracker deals anew. */
  get #leavesStripesAside(): boolean {
    return this.#idleTicks >= STRIPES_PATIENCE_TICKS;
  }

  /** A host that gets nothing from within its reach ignores that, and tries the peers that it knows from elsewhere. */
  #checkSupply(): void {
    const near = [...this.#connections.peers].filter(({ distance }) =>
      isWithin(this.#reach.assigned, distance)
    );
    const isHungry = !this.files.isComplete && this.mayRequest;
    const hasBegun = this.#reach.onTick({
      isHungry,
      hasPeers: near.length > 0,
      isOffered: near.some(({ download }) => this.picker.isInteresting(download.has)),
    });
    if (hasBegun && this.#reach.assigned !== "everywhere") {
      this.#log.starved(this.#reach.assigned);
      this.#updateReach();
    }
    if (this.#reach.isStarved && isHungry && this.tick % FALLBACK_TICKS === 0) {
      this.#connections.add(this.#fallbackPeers);
    }
  }

  /** The reach, the duty, or whether they hold has changed: a host that starves ignores both. */
  #updateReach(): void {
    this.picker.setDuty(this.#reach.isStarved ? undefined : this.#duty);
    this.picker.suspendStripes(this.#leavesStripesAside);
    for (const peer of this.#connections.peers) peer.onReachChanged();
  }

  *#targets(): Generator<RequestTarget> {
    for (const { download } of this.#connections.peers) yield download;
  }

  #requestFromAll(): void {
    for (const peer of this.#connections.peers) peer.requestMore();
  }

  #announcePiece(index: number): void {
    this.picker.complete(index);
    this.#listener.onVerified(index);
    for (const peer of this.#connections.peers) peer.announcePiece(index);
    this.#newPieceAssigner.add(index);
    if (this.files.isComplete) this.#listener.onComplete();
  }
}
