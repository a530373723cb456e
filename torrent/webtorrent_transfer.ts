/**
 * One release in a WebTorrent client, from the files on disk over the swarm to "every piece is there",
 * and seeding from then on. The disk's side is in `content_store.ts` and the resume files.
 */

import { Announcer } from "./announcer.ts";
import type { Clock } from "./clock.ts";
import { ContentStore, diskError, type Preallocate, stopped } from "./content_store.ts";
import type { ResumeMode, Transfer, TransferEvent, TransferProgress } from "./engine.ts";
import { TransferError } from "./errors.ts";
import type { BytesByDistance, Locality } from "./locality.ts";
import type { Log } from "./log.ts";
import { PieceSet } from "./piece_set.ts";
import type { Random } from "./random.ts";
import { pieceSizeBytes, type Release } from "./release.ts";
import { checkResume } from "./resume_check.ts";
import {
  currentBoot,
  type FileReceipt,
  readJournal,
  ResumeJournal,
  takeReceipt,
} from "./resume_journal.ts";
import { chunkStore, describeTorrent } from "./webtorrent_adapter.ts";
import type { WebTorrentClient, WebTorrentTorrent } from "./webtorrent_types.ts";
import { TransferWires } from "./webtorrent_wires.ts";

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

/** How a transfer begins. */
export type TransferStart =
  | { readonly kind: "fetch"; readonly journalPath: string; readonly resume: ResumeMode }
  | { readonly kind: "seed" };

/** See the file's head. */
export class WebTorrentTransfer implements Transfer {
  readonly infoHash: string;
  readonly done: Promise<void>;
  readonly #release: Release;
  readonly #context: TransferContext;
  readonly #store: ContentStore;
  readonly #verified: PieceSet;
  readonly #listeners = new Set<(event: TransferEvent) => void>();
  readonly #received: BytesByDistance = { rackBytes: 0, siteBytes: 0, remoteBytes: 0 };
  readonly #sent: BytesByDistance = { rackBytes: 0, siteBytes: 0, remoteBytes: 0 };
  readonly #stopping = new AbortController();
  readonly #done = Promise.withResolvers<void>();
  readonly #starting: Promise<void>;
  #state: "running" | "complete" | "ended" = "running";
  #journal: ResumeJournal | undefined;
  #journalPath: string | undefined;
  #torrent: WebTorrentTorrent | undefined;
  #wires: TransferWires | undefined;
  #announcer: Announcer | undefined;
  #verifiedBytes = 0;
  #resumedBytes = 0;
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
    this.#verified = new PieceSet(release.pieceCount);
    const { preallocate } = options.context;
    this.#store = new ContentStore(
      release,
      options.root,
      preallocate === undefined ? {} : { preallocate },
    );
    if (options.start.kind === "fetch") this.#journalPath = options.start.journalPath;
    this.#starting = this.#start(options.start).catch((error: unknown) => {
      this.#fail(diskError("prepare", options.root, error));
    });
  }

  progress(): TransferProgress {
    const torrent = this.#torrent;
    const live = torrent !== undefined && !torrent.destroyed;
    return {
      verifiedBytes: this.#verifiedBytes,
      totalBytes: this.#release.sizeBytes,
      downloadBytesPerSecond: live ? torrent.downloadSpeed : 0,
      uploadBytesPerSecond: live ? torrent.uploadSpeed : 0,
      peers: this.#wires?.count ?? 0,
      peersByDistance: this.#wires?.countByDistance() ?? { rack: 0, site: 0, remote: 0 },
      received: { ...this.#received, resumedBytes: this.#resumedBytes },
      sent: { ...this.#sent },
    };
  }

  subscribe(listener: (event: TransferEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async relocate(newRoot: string): Promise<void> {
    await this.done;
    const journalFollows = this.#journalPath === `${this.#store.root}.resume`;
    this.#store.moveTo(newRoot);
    if (this.#journalPath === undefined || !journalFollows) return;
    const newPath = `${newRoot}.resume`;
    try {
      await Deno.rename(this.#journalPath, newPath);
    } catch (error) {
      // Without it the next start hashes everything, no more.
      if (!(error instanceof Deno.errors.NotFound)) throw diskError("rename", newPath, error);
    }
    this.#journalPath = newPath;
  }

  stop(): Promise<void> {
    return this.#end(stopped());
  }

  async #start(start: TransferStart): Promise<void> {
    // A turn later, so that the caller can subscribe before anything happens.
    await Promise.resolve();
    if (start.kind === "fetch") await this.#resume(start);
    else this.#checkSizes();
    if (this.#state === "ended") return;
    if (this.#release.pieceCount === 0) return await this.#complete();
    this.#join(start.kind === "seed" || this.#verifiedBytes === this.#release.sizeBytes);
  }

  async #resume(start: TransferStart & { kind: "fetch" }): Promise<void> {
    const { signal } = this.#stopping;
    const formerBytes = await this.#store.prepare({ discard: start.resume === "discard", signal });
    const boot = currentBoot();
    const { verified, rehashedBytes } = await checkResume({
      release: this.#release,
      store: this.#store,
      formerBytes,
      journal: start.resume === "rehash"
        ? undefined
        : readJournal(start.journalPath, this.#release),
      boot,
      signal,
    });
    for (const index of verified) this.#count(index);
    this.#resumedBytes = this.#verifiedBytes;
    this.#journal = new ResumeJournal(start.journalPath, {
      release: this.#release,
      verified,
      boot,
    });
    this.#emit({ type: "resumed", resumedBytes: this.#resumedBytes, rehashedBytes });
  }

  /** A seed's content was hashed when it was published; here only what costs nothing is looked at. */
  #checkSizes(): void {
    for (const file of this.#release.files) {
      const receipt = takeReceipt(`${this.#store.root}/${file.path}`);
      if (receipt?.[0] === file.sizeBytes) continue;
      throw new TransferError(
        "content_missing",
        `seed: ${this.#store.root}/${file.path}: expected ${file.sizeBytes} bytes, there ` +
          (receipt === undefined ? "was no file" : `were ${receipt[0]}`) +
          "; publish the release again",
      );
    }
    for (let index = 0; index < this.#release.pieceCount; index++) this.#count(index);
    this.#resumedBytes = this.#verifiedBytes;
  }

  #join(complete: boolean): void {
    const { client, locality, clock, random, log } = this.#context;
    const torrent = client.add(describeTorrent(this.#release), {
      preloadedStore: chunkStore(this.#release, this.#store),
      // The library's cache reads whole pieces to serve one block of 16 KiB.
      storeCacheSlots: 0,
      uploads: UPLOAD_SLOTS,
      ...(complete ? { skipVerify: true } : { bitfield: this.#verified.bytes }),
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
        uploadedBytes: sumOf(this.#sent),
        downloadedBytes: sumOf(this.#received),
        leftBytes: this.#release.sizeBytes - this.#verifiedBytes,
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
    if (this.#verified.has(index)) return;
    try {
      this.#journal?.add(index);
    } catch (error) {
      return this.#fail(diskError("write", `${this.#journalPath}`, error));
    }
    this.#count(index);
    this.#emit({ type: "piece_verified", index });
  }

  #count(index: number): void {
    this.#verified.add(index);
    this.#verifiedBytes += pieceSizeBytes(this.#release, index);
  }

  #onDone(): void {
    this.#complete().catch((error: unknown) => {
      this.#fail(diskError("finish", this.#store.root, error));
    });
  }

  async #complete(): Promise<void> {
    if (this.#state !== "running") return;
    this.#state = "complete";
    this.#announcer?.completed();
    if (this.#journal !== undefined) this.#seal(await this.#store.sync());
    if (this.#stopping.signal.aborted) return;
    // From here on it only reads: a service may be started from these files.
    this.#store.close();
    this.#context.log.debug("{infoHash} is complete in {root}", {
      infoHash: this.infoHash,
      root: this.#store.root,
    });
    this.#emit({ type: "completed" });
    this.#done.resolve();
  }

  #seal(synced: boolean): void {
    const files: FileReceipt[] = this.#release.files.map((file) =>
      takeReceipt(`${this.#store.root}/${file.path}`) ?? [-1, 0, 0]
    );
    this.#journal?.seal({ synced, files });
    this.#journal = undefined;
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
    try {
      // At rest, though not synced: it holds until the machine itself goes down.
      if (error.code === "stopped") this.#seal(false);
      this.#journal?.close();
      this.#store.close();
    } catch (cause) {
      this.#context.log.warn("closing {root}: {cause}", { root: this.#store.root, cause });
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

function sumOf(bytes: BytesByDistance): number {
  return bytes.rackBytes + bytes.siteBytes + bytes.remoteBytes;
}
