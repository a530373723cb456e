/**
 * The life of a transfer, whichever engine moves its bytes: from the files on disk over the swarm to
 * "every piece is there", seeding from then on, and the end. The disk's side is in `transfer_files.ts`;
 * how an engine takes part in the swarm, its subclass says.
 */

import { Announcer, type AnnouncerOptions } from "../announce/announcer.ts";
import type { Clock } from "../../base/clock.ts";
import { diskError, type Preallocate, stopped } from "../content/content_store.ts";
import type {
  Transfer,
  TransferEvent,
  TransferPause,
  TransferProgress,
  VerifyOptions,
} from "./engine.ts";
import type { TransferError } from "../errors.ts";
import { type BytesByDistance, type Locality, totalBytes } from "../../base/locality.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type { Release } from "../release/release.ts";
import { TransferFiles, type TransferStart, whenThereIsRoom } from "../content/transfer_files.ts";

/** What a transfer gets from its engine. */
export interface TransferContext {
  readonly locality: Locality;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly preallocate?: Preallocate;
  /** Called once, when the transfer has left the swarm. */
  readonly onEnd: () => void;
}

/** What a transfer is made of. */
export interface TransferOptions<Context extends TransferContext> {
  readonly context: Context;
  readonly root: string;
  readonly start: TransferStart;
}

/** The swarm's part of a transfer's progress. */
export type TransferTraffic =
  & Pick<
    TransferProgress,
    "downloadBytesPerSecond" | "uploadBytesPerSecond" | "peers" | "peersByDistance" | "bannedPeers"
  >
  & { readonly received: Readonly<BytesByDistance>; readonly sent: Readonly<BytesByDistance> };

/** See the file's head. */
export abstract class EngineTransfer<Context extends TransferContext> implements Transfer {
  readonly infoHash: string;
  readonly done: Promise<void>;
  protected readonly release: Release;
  protected readonly context: Context;
  protected readonly files: TransferFiles;
  protected announcer: Announcer | undefined;
  readonly #listeners = new Set<(event: TransferEvent) => void>();
  readonly #stopping = new AbortController();
  readonly #done = Promise.withResolvers<void>();
  readonly #starting: Promise<void>;
  #state: "running" | "complete" | "ended" = "running";
  #pause: TransferPause | undefined;
  #finishing: Promise<void> | undefined;
  #ending: Promise<void> | undefined;

  constructor(release: Release, { context, root, start }: TransferOptions<Context>) {
    this.infoHash = release.infoHash;
    this.done = this.#done.promise;
    // Whoever wants to know awaits `done`; nobody having done so must not end the process.
    this.done.catch(() => {});
    this.release = release;
    this.context = context;
    const { preallocate, log } = context;
    this.files = new TransferFiles(release, root, {
      ...preallocate === undefined ? {} : { preallocate },
      ...start.kind === "fetch" && start.pages !== undefined ? { pages: start.pages } : {},
      log,
    });
    this.#starting = this.#start(start).catch((error: unknown) => {
      this.fail(diskError("prepare", root, error));
    });
  }

  /** Takes part in the swarm; the files are ready. Calls `complete` or `completeSoon` once every piece is there. */
  protected abstract begin(): void | Promise<void>;
  /** Leaves the swarm; resolves when nothing touches the files any more. It must not reject. */
  protected abstract leave(): Promise<void>;
  /** How it stands with the swarm now. */
  protected abstract traffic(): TransferTraffic;

  protected get isRunning(): boolean {
    return this.#state === "running";
  }

  protected get isEnded(): boolean {
    return this.#state === "ended";
  }

  progress(): TransferProgress {
    const { received, sent, ...traffic } = this.traffic();
    return {
      verifiedBytes: this.files.verifiedBytes,
      totalBytes: this.release.sizeBytes,
      ...traffic,
      received: { ...received, resumedBytes: this.files.resumedBytes },
      sent: { ...sent },
      ...this.#pause === undefined ? {} : { paused: this.#pause },
    };
  }

  subscribe(listener: (event: TransferEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async verify(options: VerifyOptions = {}): Promise<void> {
    await this.done;
    await this.files.verify(options);
  }

  async relocate(newRoot: string): Promise<void> {
    await this.done;
    await this.files.relocate(newRoot);
  }

  stop(): Promise<void> {
    return this.#end(stopped());
  }

  /** An announcer that tells how this transfer stands. */
  protected createAnnouncer(
    own: Pick<AnnouncerOptions, "peerId" | "port" | "keepsReach" | "onReply"> & {
      /** See `AnnounceState.lost`. */
      readonly lost?: () => readonly string[];
      /** Before the tracker's failure is told. */
      readonly onFailure?: () => void;
    },
  ): Announcer {
    const { locality, clock, random, log } = this.context;
    const { peerId, port, keepsReach, onReply } = own;
    return new Announcer({
      trackers: this.release.announce.filter((url) => /^https?:/.test(url)),
      infoHash: this.infoHash,
      peerId,
      port,
      locality,
      keepsReach,
      clock,
      random,
      log,
      state: () => {
        const { received, sent } = this.traffic();
        return {
          uploadedBytes: totalBytes(sent),
          downloadedBytes: totalBytes(received),
          leftBytes: this.release.sizeBytes - this.files.verifiedBytes,
          received,
          lost: own.lost?.() ?? [],
        };
      },
      isLonely: () => this.isRunning && this.traffic().peers === 0,
      onReply: (reply) => {
        this.emit({ type: "announced", peers: reply.peers.length });
        onReply(reply);
      },
      onFailure: (message) => {
        own.onFailure?.();
        this.emit({ type: "announce_failed", message });
      },
    });
  }

  protected onConnected(address: string, locality: Locality | undefined): void {
    this.emit({
      type: "peer_connected",
      address,
      ...locality === undefined ? {} : { locality },
    });
  }

  /** Peers are needed: the tracker is asked for them as soon as it allows. */
  protected announceSoon(): void {
    if (this.isRunning) this.announcer?.hurry();
  }

  protected onPaused({ message }: TransferError): void {
    this.#pause = { reason: "disk_full", message };
    this.context.log.warn("transfer of {infoHash} waits for room: {message}", {
      infoHash: this.infoHash,
      message,
    });
    this.emit({ type: "paused", ...this.#pause });
  }

  protected onContinued(): void {
    this.#pause = undefined;
    this.emit({ type: "continued" });
  }

  /** As `complete`, for whoever cannot wait for it. */
  protected completeSoon(): void {
    this.#finishing = this.complete().catch((error: unknown) => {
      this.fail(diskError("finish", this.files.store.root, error));
    });
  }

  /** Every piece is there. */
  protected async complete(): Promise<void> {
    if (!this.isRunning) return;
    this.#state = "complete";
    this.announcer?.completed();
    await this.files.finish();
    if (this.#stopping.signal.aborted) return;
    // From here on it only reads: a service may be started from these files.
    this.files.store.close();
    this.context.log.debug("{infoHash} is complete in {root}", {
      infoHash: this.infoHash,
      root: this.files.store.root,
    });
    this.emit({ type: "completed" });
    this.#done.resolve();
  }

  protected fail(error: TransferError): void {
    if (this.isEnded) return;
    this.context.log.warn("transfer of {infoHash} ended: {message}", {
      infoHash: this.infoHash,
      message: error.message,
    });
    this.emit({ type: "failed", error });
    // It cannot reject: everything in there is caught.
    void this.#end(error);
  }

  protected emit(event: TransferEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  async #start(start: TransferStart): Promise<void> {
    // A turn later, so that the caller can subscribe before anything happens.
    await Promise.resolve();
    if (start.kind === "fetch") await this.#resume(start);
    else this.files.expectContent();
    if (!this.isEnded) await this.begin();
  }

  async #resume(start: TransferStart & { kind: "fetch" }): Promise<void> {
    const { signal } = this.#stopping;
    const resumed = await whenThereIsRoom(() => this.files.resume(start, signal), {
      clock: this.context.clock,
      signal,
      onFull: (error) => this.onPaused(error),
      onRoom: () => this.onContinued(),
    });
    this.emit({ type: "resumed", ...resumed });
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
    const farewell = this.announcer?.stop();
    await this.#starting;
    await this.leave();
    await this.#finishing;
    await this.files.store.settled();
    try {
      this.files.close({ atRest: error.code === "stopped" });
    } catch (cause) {
      this.context.log.warn("closing {root}: {cause}", { root: this.files.store.root, cause });
    }
    await farewell;
    this.context.onEnd();
  }
}
