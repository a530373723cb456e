/** One release in the swarm engine: joins `EngineTransfer`, which knows the life of a transfer, with a `Swarm`. */

import {
  EngineTransfer,
  type TransferContext,
  type TransferTraffic,
} from "../engine/engine_transfer.ts";
import type { EstablishedConnection } from "./wire/handshaker.ts";
import { infoBytesOf } from "./metadata/metadata_service.ts";
import type { SendBuffers } from "./wire/peer_socket.ts";
import type { RateLimits } from "./limits/rate_limits.ts";
import { Swarm } from "./swarm.ts";

/** What a transfer gets from its engine. */
export interface SwarmTransferContext extends TransferContext {
  /** Our peer id, 40 hexadecimal digits. */
  readonly peerId: string;
  /** The TCP port on which peers reach us. */
  readonly port: number;
  /** Addresses that are tried when no other peer gives anything. */
  readonly fallbackPeers: readonly string[];
  readonly limits: RateLimits;
  readonly buffers: SendBuffers;
}

/** Of a transfer that has not joined its swarm, or has no content. */
const NO_TRAFFIC: TransferTraffic = {
  downloadBytesPerSecond: 0,
  uploadBytesPerSecond: 0,
  peers: 0,
  peersByDistance: { rack: 0, site: 0, remote: 0 },
  received: { rackBytes: 0, siteBytes: 0, remoteBytes: 0 },
  sent: { rackBytes: 0, siteBytes: 0, remoteBytes: 0 },
};

/** A transfer of the swarm engine. */
export class SwarmTransfer extends EngineTransfer<SwarmTransferContext> {
  #swarm: Swarm | undefined;

  /** Takes a connection for this release; false if the transfer has not joined its swarm, or has left it. */
  accept(established: EstablishedConnection): boolean {
    if (this.#swarm === undefined || this.isEnded) return false;
    this.#swarm.accept(established);
    return true;
  }

  /** Whether connections for this release can be taken. */
  get isOpen(): boolean {
    return this.#swarm !== undefined && !this.isEnded;
  }

  protected override traffic(): TransferTraffic {
    const swarm = this.#swarm;
    if (swarm === undefined) return NO_TRAFFIC;
    const { traffic, bannedPeers } = swarm;
    const { received, sent } = traffic;
    if (this.isEnded) return { ...NO_TRAFFIC, received, sent };
    return {
      downloadBytesPerSecond: traffic.downloadBytesPerSecond,
      uploadBytesPerSecond: traffic.uploadBytesPerSecond,
      peers: swarm.peerCount,
      peersByDistance: swarm.peersByDistance(),
      ...bannedPeers.length === 0 ? {} : { bannedPeers },
      supply: () => swarm.supply,
      received,
      sent,
    };
  }

  protected override async begin(): Promise<void> {
    if (this.release.pieceCount > 0) this.#join();
    if (this.files.isComplete) await this.complete();
  }

  protected override async leave(): Promise<void> {
    await this.#swarm?.stop();
  }

  #join(): void {
    const { peerId, port, locality, fallbackPeers, limits, buffers, clock, random, log } =
      this.context;
    const swarm = this.#swarm = new Swarm({
      files: this.files,
      infoBytes: infoBytesOf(this.release.metainfo),
      own: { infoHash: this.infoHash, peerId },
      port,
      locality,
      fallbackPeers,
      limits,
      buffers,
      clock,
      random,
      log,
      listener: {
        onConnected: (address, ofPeer) => this.onConnected(address, ofPeer),
        onNeed: () => this.announceSoon(),
        onVerified: (index) => this.emit({ type: "piece_verified", index }),
        onBanned: (address, message) => this.emit({ type: "peer_banned", address, message }),
        onRejected: (message) => this.emit({ type: "piece_rejected", message }),
        onComplete: () => this.completeSoon(),
        onPaused: (error) => this.onPaused(error),
        onContinued: () => this.onContinued(),
        onFailed: (error) => this.fail(error),
      },
    });
    swarm.start();
    this.announcer = this.createAnnouncer({
      peerId,
      port,
      keepsReach: true,
      lost: () => swarm.lostPeers,
      sources: () => swarm.sources,
      stripes: () => swarm.ownStripes,
      onReply: ({ peers, reach, duty }) => {
        swarm.setDuty(duty);
        swarm.setReach(reach ?? "everywhere");
        if (!this.isEnded) swarm.add(peers);
      },
      // While the tracker is down nobody elects a new gateway, so every host may fetch from everywhere.
      onFailure: () => swarm.setReach("everywhere"),
    });
    this.announcer.start();
  }
}
