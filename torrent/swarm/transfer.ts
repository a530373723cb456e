/** One release in the swarm engine. Its life is in `../engine/engine_transfer.ts`, its peers' in `swarm.ts`. */

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
  /** Ours, 40 hexadecimal digits. */
  readonly peerId: string;
  readonly port: number;
  readonly limits: RateLimits;
  readonly buffers: SendBuffers;
}

/** Before and without a swarm. */
const NO_TRAFFIC: TransferTraffic = {
  downloadBytesPerSecond: 0,
  uploadBytesPerSecond: 0,
  peers: 0,
  peersByDistance: { rack: 0, site: 0, remote: 0 },
  received: { rackBytes: 0, siteBytes: 0, remoteBytes: 0 },
  sent: { rackBytes: 0, siteBytes: 0, remoteBytes: 0 },
};

/** See the file's head. */
export class SwarmTransfer extends EngineTransfer<SwarmTransferContext> {
  #swarm: Swarm | undefined;

  /** Takes a connection for this release; false if it is not (or no more) in the swarm. */
  accept(greeted: EstablishedConnection): boolean {
    if (this.#swarm === undefined || this.isEnded) return false;
    this.#swarm.accept(greeted);
    return true;
  }

  /** Whether it can take connections. */
  get isOpen(): boolean {
    return this.#swarm !== undefined && !this.isEnded;
  }

  protected override traffic(): TransferTraffic {
    const swarm = this.#swarm;
    if (swarm === undefined) return NO_TRAFFIC;
    const { received, sent } = swarm;
    if (this.isEnded) return { ...NO_TRAFFIC, received, sent };
    return {
      downloadBytesPerSecond: swarm.downloadRate.bytesPerSecond,
      uploadBytesPerSecond: swarm.uploadRate.bytesPerSecond,
      peers: swarm.peerCount,
      peersByDistance: swarm.peersByDistance(),
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
    const { peerId, port, locality, limits, buffers, clock, random, log } = this.context;
    const swarm = this.#swarm = new Swarm({
      files: this.files,
      infoBytes: infoBytesOf(this.release.metainfo),
      own: { infoHash: this.infoHash, peerId },
      port,
      locality,
      limits,
      buffers,
      clock,
      random,
      log,
      listener: {
        onConnected: (address, theirs) => this.onConnected(address, theirs),
        onNeed: () => this.announceSoon(),
        onVerified: (index) => this.emit({ type: "piece_verified", index }),
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
      lost: () => swarm.lost,
      onReply: ({ peers, reach }) => {
        swarm.setReach(reach ?? "everywhere");
        if (!this.isEnded) swarm.add(peers);
      },
      // Without the tracker nobody says who is to be the next gateway: whoever can help does.
      onFailure: () => swarm.setReach("everywhere"),
    });
    this.announcer.start();
  }
}
