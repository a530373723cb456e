/**
 * One release in the swarm engine, from the files on disk over the swarm to "every piece is there",
 * and seeding from then on. The disk's side is in `../transfer_files.ts`, the peers' in `swarm.ts`.
 */

import { Announcer } from "../announcer.ts";
import type { Clock } from "../clock.ts";
import { diskError, type Preallocate, stopped } from "../content_store.ts";
import type { Transfer, TransferEvent, TransferPause, TransferProgress } from "../engine.ts";
import { TransferError } from "../errors.ts";
import { type Locality, totalBytes } from "../locality.ts";
import type { Log } from "../log.ts";
import type { Random } from "../random.ts";
import type { Release } from "../release.ts";
import { TransferFiles, type TransferStart, whenThereIsRoom } from "../transfer_files.ts";
import type { Greeted } from "./greeting.ts";
import { infoBytesOf } from "./metadata_service.ts";
import type { SendBuffers } from "./peer_socket.ts";
import type { RateLimits } from "./rate_limits.ts";
import { Swarm } from "./swarm.ts";

/** What a transfer gets from its engine. */
export interface TransferContext {
  /** Ours, 40 hexadecimal digits. */
  readonly peerId: string;
  readonly port: number;
  readonly locality: Locality;
  readonly limits: RateLimits;
  readonly buffers: SendBuffers;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly preallocate?: Preallocate;
  /** Called once, when the transfer has left the swarm. */
  readonly onEnd: () => void;
}

/** See the file's head. */
export class SwarmTransfer implements Transfer {
  readonly infoHash: string;
  readonly done: Promise<void>;
  readonly #release: Release;
  readonly #context: TransferContext;
  readonly #files: TransferFiles;
  readonly #listeners = new Set<(event: TransferEvent) => void>();
  readonly #stopping = new AbortController();
  readonly #done = Promise.withResolvers<void>();
  readonly #starting: Promise<void>;
  #state: "running" | "complete" | "ended" = "running";
  #pause: TransferPause | undefined;
  #swarm: Swarm | undefined;
  #announcer: Announcer | undefined;
  #finishing: Promise<void> | undefined;
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
    const swarm = this.#state === "ended" ? undefined : this.#swarm;
    const none = { rackBytes: 0, siteBytes: 0, remoteBytes: 0 };
    return {
      verifiedBytes: this.#files.verifiedBytes,
      totalBytes: this.#release.sizeBytes,
      downloadBytesPerSecond: swarm?.downloadRate.bytesPerSecond ?? 0,
      uploadBytesPerSecond: swarm?.uploadRate.bytesPerSecond ?? 0,
      peers: swarm?.peerCount ?? 0,
      peersByDistance: swarm?.peersByDistance() ?? { rack: 0, site: 0, remote: 0 },
      received: {
        ...this.#swarm?.received ?? none,
        resumedBytes: this.#files.resumedBytes,
      },
      sent: { ...this.#swarm?.sent ?? none },
      ...this.#pause === undefined ? {} : { paused: this.#pause },
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

  /** Takes a connection for this release; false if it is not (or no more) in the swarm. */
  accept(greeted: Greeted): boolean {
    if (this.#swarm === undefined || this.#state === "ended") return false;
    this.#swarm.accept(greeted);
    return true;
  }

  /** Whether it can take connections. */
  get isOpen(): boolean {
    return this.#swarm !== undefined && this.#state !== "ended";
  }

  async #start(start: TransferStart): Promise<void> {
    // A turn later, so that the caller can subscribe before anything happens.
    await Promise.resolve();
    if (start.kind === "fetch") {
      const resumed = await whenThereIsRoom(
        () => this.#files.resume(start, this.#stopping.signal),
        {
          clock: this.#context.clock,
          signal: this.#stopping.signal,
          onFull: (error) => this.#onPaused(error),
          onRoom: () => this.#onContinued(),
        },
      );
      this.#emit({ type: "resumed", ...resumed });
    } else {
      this.#files.expectContent();
    }
    if (this.#state === "ended") return;
    if (this.#release.pieceCount > 0) this.#join();
    if (this.#files.isComplete) await this.#complete();
  }

  #join(): void {
    const { peerId, port, locality, limits, buffers, clock, random, log } = this.#context;
    const { infoHash } = this;
    this.#swarm = new Swarm({
      files: this.#files,
      infoBytes: infoBytesOf(this.#release.metainfo),
      own: { infoHash, peerId },
      port,
      locality,
      limits,
      buffers,
      clock,
      random,
      log,
      listener: {
        onConnected: (address, theirs) =>
          this.#emit({
            type: "peer_connected",
            address,
            ...theirs === undefined ? {} : { locality: theirs },
          }),
        onLonely: () => {
          if (this.#state === "running") this.#announcer?.hurry();
        },
        onVerified: (index) => this.#emit({ type: "piece_verified", index }),
        onRejected: (message) => this.#emit({ type: "piece_rejected", message }),
        onComplete: () => this.#finish(),
        onPaused: (error) => this.#onPaused(error),
        onContinued: () => this.#onContinued(),
        onFailed: (error) => this.#fail(error),
      },
    });
    this.#swarm.start();
    this.#announcer = new Announcer({
      trackers: this.#release.announce.filter((url) => /^https?:/.test(url)),
      infoHash,
      peerId,
      port,
      locality,
      clock,
      random,
      log,
      state: () => ({
        uploadedBytes: this.#swarm === undefined ? 0 : totalBytes(this.#swarm.sent),
        downloadedBytes: this.#swarm === undefined ? 0 : totalBytes(this.#swarm.received),
        leftBytes: this.#release.sizeBytes - this.#files.verifiedBytes,
        ...this.#swarm === undefined ? {} : { received: this.#swarm.received },
      }),
      isLonely: () => this.#state === "running" && this.#swarm?.peerCount === 0,
      onReply: ({ peers, reach }) => {
        this.#emit({ type: "announced", peers: peers.length });
        this.#swarm?.setReach(reach ?? "remote");
        if (this.#state !== "ended") this.#swarm?.add(peers);
      },
      onFailure: (message) => {
        // Without the tracker nobody says who is to be the next gateway: whoever can help does.
        this.#swarm?.setReach("remote");
        this.#emit({ type: "announce_failed", message });
      },
    });
    this.#announcer.start();
  }

  #onPaused(error: TransferError): void {
    this.#pause = { reason: "disk_full", message: error.message };
    this.#context.log.warn("transfer of {infoHash} waits for room: {message}", {
      infoHash: this.infoHash,
      message: error.message,
    });
    this.#emit({ type: "paused", ...this.#pause });
  }

  #onContinued(): void {
    this.#pause = undefined;
    this.#emit({ type: "continued" });
  }

  #finish(): void {
    this.#finishing = this.#complete().catch((error: unknown) => {
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
    if (this.#state === "ended" || this.#ending !== undefined) return;
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
    // A turn later: whoever failed in the middle of its work has to get out of it first.
    await Promise.resolve();
    const farewell = this.#announcer?.stop();
    await this.#starting;
    await this.#swarm?.stop();
    await this.#finishing;
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
