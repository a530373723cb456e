/** One release in a WebTorrent client. Its life is in `../engine/engine_transfer.ts`. */

import { reasonOf } from "../../base/reason.ts";
import { EngineTransfer, type TransferContext, type TransferTraffic } from "../engine/mod.ts";
import { TransferError } from "../errors.ts";
import type { BytesByDistance } from "../../base/locality.ts";
import { describeTorrent } from "./adapter.ts";
import { RetryingStore } from "./retrying_store.ts";
import type { WebTorrentClient, WebTorrentTorrent } from "./types.ts";
import { TransferWires } from "./wires.ts";

/**
 * The number of peers that are unchoked at a time, which is all of them: choking rewards peers that give back, and in a data
 * center nobody is greedy.
 */
const UPLOAD_SLOTS = 1000;

/** What a transfer gets from its engine. */
export interface WebTorrentTransferContext extends TransferContext {
  readonly client: WebTorrentClient;
}

/** One release in a WebTorrent client. */
export class WebTorrentTransfer extends EngineTransfer<WebTorrentTransferContext> {
  readonly #received: BytesByDistance = { rackBytes: 0, siteBytes: 0, remoteBytes: 0 };
  readonly #sent: BytesByDistance = { rackBytes: 0, siteBytes: 0, remoteBytes: 0 };
  #torrent: WebTorrentTorrent | undefined;
  #wires: TransferWires | undefined;
  #store: RetryingStore | undefined;
  readonly #leaving = new AbortController();

  protected override traffic(): TransferTraffic {
    const torrent = this.#torrent;
    const live = torrent !== undefined && !torrent.destroyed;
    return {
      downloadBytesPerSecond: live ? torrent.downloadSpeed : 0,
      uploadBytesPerSecond: live ? torrent.uploadSpeed : 0,
      peers: this.#wires?.count ?? 0,
      peersByDistance: this.#wires?.countByDistance() ?? { rack: 0, site: 0, remote: 0 },
      received: this.#received,
      sent: this.#sent,
    };
  }

  protected override async begin(): Promise<void> {
    if (this.release.pieceCount === 0) return await this.complete();
    // If every piece is there, the library emits "done" by itself.
    this.#join(this.files.isComplete);
  }

  protected override async leave(): Promise<void> {
    this.#leaving.abort();
    await this.#store?.ended();
    const torrent = this.#torrent;
    if (torrent === undefined || torrent.destroyed) return;
    await new Promise<void>((resolve) => torrent.destroy({}, () => resolve()));
  }

  #join(complete: boolean): void {
    const { client, locality } = this.context;
    const store = this.#store = this.#createStore();
    const torrent = client.add(describeTorrent(this.release), {
      preloadedStore: store,
      // The library's cache reads whole pieces to serve one block of 16 KiB.
      storeCacheSlots: 0,
      uploads: UPLOAD_SLOTS,
      ...(complete ? { skipVerify: true } : { bitfield: this.files.verified.bytes }),
    });
    this.#torrent = torrent;
    // Peers get the .torrent from the feed, so that this engine hands none out (BEP 9).
    torrent.once("metadata", () => torrent.metadata = new Uint8Array());
    torrent.on("error", (error: unknown) => this.fail(asTransferError(error)));
    torrent.on("warning", (error: unknown) => {
      const message = reasonOf(error);
      this.emit({ type: "piece_rejected", message });
    });
    torrent.on("done", () => this.completeSoon());
    const wires = this.#wires = new TransferWires({
      torrent,
      peerId: client.peerId,
      port: client.torrentPort,
      locality,
      received: this.#received,
      sent: this.#sent,
      onConnected: (address, theirs) => this.onConnected(address, theirs),
      onNoPeers: () => this.announceSoon(),
    });
    this.announcer = this.createAnnouncer({
      peerId: client.peerId,
      port: client.torrentPort,
      sources: () => wires.sources,
      onReply: ({ peers }) => {
        for (const address of peers) wires.dial(address);
      },
    });
    torrent.once("ready", () => this.announcer?.start());
  }

  #createStore(): RetryingStore {
    let ask: WebTorrentTorrent["_updateWire"] | undefined;
    return new RetryingStore({
      files: this.files,
      clock: this.context.clock,
      signal: this.#leaving.signal,
      onWritten: (index) => this.emit({ type: "piece_verified", index }),
      onPaused: (error) => {
        const torrent = this.#torrent;
        // The library's own `pause` only keeps new peers out and goes on requesting from the connected ones.
        if (torrent !== undefined) [ask, torrent._updateWire] = [torrent._updateWire, () => {}];
        this.onPaused(error);
      },
      onContinued: () => {
        const torrent = this.#torrent;
        if (torrent !== undefined && ask !== undefined) torrent._updateWire = ask;
        this.onContinued();
        torrent?._update();
      },
    });
  }
}

function asTransferError(error: unknown): TransferError {
  if (error instanceof TransferError) return error;
  const message = reasonOf(error);
  return new TransferError("engine_failed", `transfer: ${message}; fetch it again to resume`, {
    cause: error,
  });
}
