/**
 * One release in a WebTorrent client, from the files on disk over the swarm to "every piece is there",
 * and seeding from then on. The disk's side is in `../content_store.ts` and the resume files.
 */

import { Announcer } from "../announcer.ts";
import type { Clock } from "../clock.ts";
import { diskError, type Preallocate, stopped } from "../content_store.ts";
import type { Transfer, TransferEvent, TransferPause, TransferProgress } from "../engine.ts";
import { TransferError } from "../errors.ts";
import { type BytesByDistance, type Locality, totalBytes } from "../locality.ts";
import type { Log } from "../log.ts";
import type { Random } from "../random.ts";
import type { Release } from "../release.ts";
import { TransferFiles, type TransferStart, whenThereIsRoom } from "../transfer_files.ts";
import { chunkStore, describeTorrent } from "./adapter.ts";
import type { WebTorrentClient, WebTorrentTorrent } from "./types.ts";
import { TransferWires } from "./wires.ts";

/**
 * Unchoked at once, which is everybody: choking rewards whoever gives back, and in a data center
 * nobody is greedy.
 */
const UPLOAD_SLOTS = 1000;

/** What a transfer gets from its engine. */
export interface TransferContext {
  readonly client: WebTorrentClient;
  readonly locality: Locality;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly preallocate?: Preallocate;
  /** Called once, when the transfer has left the swarm. */
  readonly onEnd: () => void;
}

/** See the file's head. */
export class WebTorrentTransfer implements Transfer {
  readonly infoHash: string;
  readonly done: Promise<void>;
  readonly #release: Release;
  readonly #context: TransferContext;
  readonly #files: TransferFiles;
  readonly #listeners = new Set<(event: TransferEvent) => void>();
  readonly #received: BytesByDistance = { rackBytes: 0, siteBytes: 0, remoteBytes: 0 };
  readonly #sent: BytesByDistance = { rackBytes: 0, siteBytes: 0, remoteBytes: 0 };
  readonly #stopping = new AbortController();
  readonly #done = Promise.withResolvers<void>();
  readonly #starting: Promise<void>;
  #state: "running" | "complete" | "ended" = "running";
  #torrent: WebTorrentTorrent | undefined;
  #wires: TransferWires | undefined;
  #announcer: Announcer | undefined;
  #pause: TransferPause | undefined;
  #ending: Promise<void> | undefined;

  constructor(
    release: Release,
    options: { context: TransferContext; root: string; start: TransferStart },
  ) {
    this.infoHash = release.infoHash;
    this.done = this.#done.promise;
    // Whoever wants to know awaits `done`; nobody having done so must not end the process.
    this.done.catch(() => {});
    this.#release = release;
    this.#context = options.context;
    const { preallocate } = options.context;
    this.#files = new TransferFiles(
      release,
      options.root,
      preallocate === undefined ? {} : { preallocate },
    );
    this.#starting = this.#start(options.start).catch((error: unknown) => {
      this.#fail(diskError("prepare", options.root, error));
    });
  }

  progress(): TransferProgress {
    const torrent = this.#torrent;
    const live = torrent !== undefined && !torrent.destroyed;
    return {
      verifiedBytes: this.#files.verifiedBytes,
      totalBytes: this.#release.sizeBytes,
      downloadBytesPerSecond: live ? torrent.downloadSpeed : 0,
      uploadBytesPerSecond: live ? torrent.uploadSpeed : 0,
      peers: this.#wires?.count ?? 0,
      peersByDistance: this.#wires?.countByDistance() ?? { rack: 0, site: 0, remote: 0 },
      received: { ...this.#received, resumedBytes: this.#files.resumedBytes },
      sent: { ...this.#sent },
      ...(this.#pause === undefined ? {} : { paused: this.#pause }),
    };
  }

  subscribe(listener: (event: TransferEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async relocate(newRoot: string): Promise<void> {
    await this.done;
    await this.#files.relocate(newRoot);
  }

  stop(): Promise<void> {
    return this.#end(stopped());
  }

  async #start(start: TransferStart): Promise<void> {
    // A turn later, so that the caller can subscribe before anything happens.
    await Promise.resolve();
    if (start.kind === "fetch") await this.#resume(start);
    else this.#files.expectContent();
    if (this.#state === "ended") return;
    if (this.#release.pieceCount === 0) return await this.#complete();
    this.#join(this.#files.isComplete);
  }

  async #resume(start: TransferStart & { kind: "fetch" }): Promise<void> {
    const resumed = await whenThereIsRoom(() => this.#files.resume(start, this.#stopping.signal), {
      clock: this.#context.clock,
      signal: this.#stopping.signal,
      onFull: ({ message }) => {
        this.#pause = { reason: "disk_full", message };
        this.#emit({ type: "paused", ...this.#pause });
      },
      onRoom: () => {
        this.#pause = undefined;
        this.#emit({ type: "continued" });
      },
    });
    this.#emit({ type: "resumed", ...resumed });
  }

  #join(complete: boolean): void {
    const { client, locality, clock, random, log } = this.#context;
    const torrent = client.add(describeTorrent(this.#release), {
      preloadedStore: chunkStore(this.#release, this.#files.store),
      // The library's cache reads whole pieces to serve one block of 16 KiB.
      storeCacheSlots: 0,
      uploads: UPLOAD_SLOTS,
      ...(complete ? { skipVerify: true } : { bitfield: this.#files.verified.bytes }),
    });
    this.#torrent = torrent;
    // Peers have the .torrent from the feed or from ZooKeeper: nobody is handed one (BEP 9) here.
    torrent.once("metadata", () => torrent.metadata = new Uint8Array());
    torrent.on("error", (error: unknown) => this.#fail(asTransferError(error)));
    torrent.on("warning", (error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      this.#emit({ type: "piece_rejected", message });
    });
    torrent.on("verified", (index: number) => this.#onVerified(index));
    torrent.on("done", () => this.#onDone());
    this.#wires = new TransferWires({
      torrent,
      peerId: client.peerId,
      port: client.torrentPort,
      locality,
      received: this.#received,
      sent: this.#sent,
      onConnected: (address, theirs) =>
        this.#emit({
          type: "peer_connected",
          address,
          ...(theirs === undefined ? {} : { locality: theirs }),
        }),
      onLonely: () => {
        if (this.#state === "running") this.#announcer?.hurry();
      },
    });
    this.#announcer = new Announcer({
      trackers: this.#release.announce.filter((url) => /^https?:/.test(url)),
      infoHash: this.infoHash,
      peerId: client.peerId,
      port: client.torrentPort,
      locality,
      clock,
      random,
      log,
      state: () => ({
        uploadedBytes: totalBytes(this.#sent),
        downloadedBytes: totalBytes(this.#received),
        leftBytes: this.#release.sizeBytes - this.#files.verifiedBytes,
        received: this.#received,
      }),
      isLonely: () => this.#state === "running" && this.#wires?.count === 0,
      onReply: ({ peers }) => {
        this.#emit({ type: "announced", peers: peers.length });
        for (const address of peers) this.#wires?.dial(address);
      },
      onFailure: (message) => this.#emit({ type: "announce_failed", message }),
    });
    torrent.once("ready", () => this.#announcer?.start());
  }

  #onVerified(index: number): void {
    try {
      if (this.#files.claim(index)) this.#emit({ type: "piece_verified", index });
    } catch (error) {
      this.#fail(asTransferError(error));
    }
  }

  #onDone(): void {
    this.#complete().catch((error: unknown) => {
      this.#fail(diskError("finish", this.#files.store.root, error));
    });
  }

  async #complete(): Promise<void> {
    if (this.#state !== "running") return;
    this.#state = "complete";
    this.#announcer?.completed();
    await this.#files.finish();
    if (this.#stopping.signal.aborted) return;
    // From here on it only reads: a service may be started from these files.
    this.#files.store.close();
    this.#context.log.debug("{infoHash} is complete in {root}", {
      infoHash: this.infoHash,
      root: this.#files.store.root,
    });
    this.#emit({ type: "completed" });
    this.#done.resolve();
  }

  #fail(error: TransferError): void {
    if (this.#state === "ended") return;
    this.#context.log.warn("transfer of {infoHash} ended: {message}", {
      infoHash: this.infoHash,
      message: error.message,
    });
    this.#emit({ type: "failed", error });
    // It cannot reject: everything in there is caught.
    void this.#end(error);
  }

  #end(error: TransferError): Promise<void> {
    this.#ending ??= this.#leave(error);
    return this.#ending;
  }

  async #leave(error: TransferError): Promise<void> {
    this.#state = "ended";
    this.#stopping.abort();
    this.#done.reject(error);
    const farewell = this.#announcer?.stop();
    await this.#starting;
    const torrent = this.#torrent;
    if (torrent !== undefined && !torrent.destroyed) {
      await new Promise<void>((resolve) => torrent.destroy({}, () => resolve()));
    }
    await this.#files.store.settled();
    try {
      this.#files.close({ atRest: error.code === "stopped" });
    } catch (cause) {
      this.#context.log.warn("closing {root}: {cause}", { root: this.#files.store.root, cause });
    }
    await farewell;
    this.#context.onEnd();
  }

  #emit(event: TransferEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function asTransferError(error: unknown): TransferError {
  if (error instanceof TransferError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new TransferError("engine_failed", `transfer: ${message}; fetch it again to resume`, {
    cause: error,
  });
}
