/**
 * The life of a transfer, the same for every engine: the files are prepared, the swarm is joined, the transfer completes
 * and seeds, and ends. The disk's side is in `transfer_files.ts`; a subclass per engine takes part in the swarm.
 */

import {
  type AnnounceFailure,
  Announcer,
  type AnnouncerOptions,
  isAskable,
} from "../announce/mod.ts";
import type { Clock } from "../../base/clock.ts";
import {
  diskError,
  type Preallocate,
  retryWhileDiskFull,
  stoppedError,
  TransferFiles,
  type TransferStart,
} from "../content/mod.ts";
import type {
  Transfer,
  TransferEvent,
  TransferPause,
  TransferProgress,
  VerifyOptions,
} from "./engine.ts";
import { describeObstacle, type Supply } from "./obstacle.ts";
import type { RepeatedWarnings } from "./repeated_warnings.ts";
import type { TransferError } from "../errors.ts";
import { type BytesByDistance, type Locality, totalBytes } from "../../base/locality.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type { Release } from "../release/mod.ts";

/** So many announces in a row have to fail before that is told, some four seconds: a tracker may just be starting. */
const TOLD_FAILURES = 4;

/** What a transfer gets from its engine. */
export interface TransferContext {
  readonly locality: Locality;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Of all transfers of the engine, for what many of them meet at once. */
  readonly warnings: RepeatedWarnings;
  readonly preallocate?: Preallocate;
  /** Called once when the transfer has left the swarm. */
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
  & {
    readonly received: Readonly<BytesByDistance>;
    readonly sent: Readonly<BytesByDistance>;
    /** Left out where an engine does not tell. */
    readonly supply?: () => Supply;
  };

/** A transfer, but for its part in the swarm. */
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
  /** What had arrived when it was looked at last, and since when it is so. */
  #moved: { readonly bytes: number; readonly atMs: number } | undefined;
  #finishing: Promise<void> | undefined;
  #ending: Promise<void> | undefined;

  constructor(release: Release, { context, root, start }: TransferOptions<Context>) {
    this.infoHash = release.infoHash;
    this.done = this.#done.promise;
    // A rejection of `done` that nobody awaits must not end the process.
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

  /** Joins the swarm; the files are prepared. Has to call `complete` or `completeSoon` once every piece is there. */
  protected abstract begin(): void | Promise<void>;
  /** Leaves the swarm; resolves when nothing touches the files any more. It must not reject. */
  protected abstract leave(): Promise<void>;
  /** The state of the transfer in the swarm now. */
  protected abstract traffic(): TransferTraffic;

  protected get isRunning(): boolean {
    return this.#state === "running";
  }

  protected get isEnded(): boolean {
    return this.#state === "ended";
  }

  progress(): TransferProgress {
    const { received, sent, supply, ...traffic } = this.traffic();
    const obstacle = this.#describeObstacle({ ...traffic, supply, received });
    return {
      verifiedBytes: this.files.verifiedBytes,
      totalBytes: this.release.sizeBytes,
      ...traffic,
      received: { ...received, resumedBytes: this.files.resumedBytes },
      sent: { ...sent },
      ...this.#pause === undefined ? {} : { paused: this.#pause },
      ...obstacle === undefined ? {} : { obstacle },
    };
  }

  #describeObstacle(
    { received, peers, bannedPeers = [], supply }:
      & Pick<
        TransferTraffic,
        "received" | "peers" | "bannedPeers"
      >
      & { readonly supply: TransferTraffic["supply"] | undefined },
  ): string | undefined {
    const { announcer } = this;
    // Before it has joined the swarm it reads what is on the disk, and afterwards it lacks nothing.
    if (!this.isRunning || this.#pause !== undefined || announcer === undefined) return undefined;
    const nowMs = this.context.clock.nowMs();
    const movedBytes = totalBytes(received) + this.files.verifiedBytes;
    if (movedBytes !== this.#moved?.bytes) this.#moved = { bytes: movedBytes, atMs: nowMs };
    return describeObstacle({
      idleMs: nowMs - this.#moved.atMs,
      peers,
      bannedPeers,
      supply,
      tracker: announcer.standing,
      announce: this.release.announce,
    });
  }

  subscribe(listener: (event: TransferEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async verify(options: VerifyOptions = {}): Promise<void> {
    await this.done;
    await this.files.verify(options);
  }

  async relocate(newRoot: string, rename: () => Promise<void>): Promise<void> {
    await this.done;
    await this.files.relocate(newRoot, rename);
  }

  stop(): Promise<void> {
    return this.#end(stoppedError());
  }

  /** An announcer for this transfer. */
  protected createAnnouncer(
    options: Pick<AnnouncerOptions, "peerId" | "port" | "keepsReach" | "onReply"> & {
      /** See `AnnounceState.lost`. */
      readonly lost?: () => readonly string[];
      /** See `AnnounceState.sources`. */
      readonly sources: () => readonly string[];
      /** See `AnnounceState.stripes`. */
      readonly stripes?: () => readonly number[];
      /** Called before the event "announce_failed". */
      readonly onFailure?: () => void;
    },
  ): Announcer {
    const { locality, clock, random, log } = this.context;
    const { peerId, port, keepsReach, onReply } = options;
    return new Announcer({
      trackers: this.release.announce.filter(isAskable),
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
          lost: options.lost?.() ?? [],
          sources: options.sources(),
          ...options.stripes === undefined ? {} : { stripes: options.stripes() },
        };
      },
      hasNoPeers: () => this.isRunning && this.traffic().peers === 0,
      onReply: (reply) => {
        this.emit({ type: "announced", peers: reply.peers.length });
        onReply(reply);
      },
      onFailure: (failure) => {
        options.onFailure?.();
        this.#tellUnannounced(failure);
        this.emit({ type: "announce_failed", message: failure.message });
      },
    });
  }

  /** Nobody finds a seed that no tracker knows. Of a transfer that lacks pieces the obstacle says so. */
  #tellUnannounced({ message, isRefusal, failures }: AnnounceFailure): void {
    const { context: { warnings }, release: { service, version }, infoHash } = this;
    if (this.isRunning || this.isEnded) return;
    const what = { service, version, infoHash, message };
    if (isRefusal) {
      warnings.warn("a tracker refuses {service} {version} ({infoHash}): {message}", what);
    } else if (failures >= TOLD_FAILURES) {
      warnings.warn("no tracker knows that {service} {version} is seeded here: {message}", what);
    }
  }

  /** To be called when a peer has finished its handshake. */
  protected onConnected(address: string, locality: Locality | undefined): void {
    this.emit({
      type: "peer_connected",
      address,
      ...locality === undefined ? {} : { locality },
    });
  }

  /** Announces as soon as the tracker allows, because more peers are needed. */
  protected announceSoon(): void {
    if (this.isRunning) this.announcer?.announceSoon();
  }

  /** To be called when the disk is full. */
  protected onPaused({ message }: TransferError): void {
    this.#pause = { reason: "disk_full", message };
    this.context.log.warn("transfer of {infoHash} waits for room: {message}", {
      infoHash: this.infoHash,
      message,
    });
    this.emit({ type: "paused", ...this.#pause });
  }

  /** To be called when there is room again. */
  protected onContinued(): void {
    this.#pause = undefined;
    this.emit({ type: "continued" });
  }

  /** As `complete`, for callers that cannot await it. */
  protected completeSoon(): void {
    this.#finishing = this.complete().catch((error: unknown) => {
      this.fail(diskError("finish", this.files.store.root, error));
    });
  }

  /** To be called when every piece is there. */
  protected async complete(): Promise<void> {
    if (!this.isRunning) return;
    this.#state = "complete";
    this.announcer?.completed();
    await this.files.finish();
    if (this.#stopping.signal.aborted) return;
    // From here on files are only read, so that a service can be started from them.
    this.files.store.close();
    this.context.log.debug("{infoHash} is complete in {root}", {
      infoHash: this.infoHash,
      root: this.files.store.root,
    });
    this.emit({ type: "completed" });
    this.#done.resolve();
  }

  /** Ends the transfer with an error. */
  protected fail(error: TransferError): void {
    if (this.isEnded) return;
    this.context.log.warn("transfer of {infoHash} ended: {message}", {
      infoHash: this.infoHash,
      message: error.message,
    });
    this.emit({ type: "failed", error });
    // It does not reject.
    void this.#end(error);
  }

  /** Tells the listeners of an event. */
  protected emit(event: TransferEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  async #start(start: TransferStart): Promise<void> {
    // A turn later, so that the caller can subscribe before the first event.
    await Promise.resolve();
    if (start.kind === "fetch") await this.#resume(start);
    else this.files.expectContent();
    if (!this.isEnded) await this.begin();
  }

  async #resume(start: TransferStart & { kind: "fetch" }): Promise<void> {
    const { signal } = this.#stopping;
    const resumed = await retryWhileDiskFull(() => this.files.resume(start, signal), {
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
    // A turn later, since the code that failed has to return first.
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
