/**
 * The interface of an engine, which moves the bytes: it fetches and seeds releases. It does not decide what to fetch, and it
 * checks the files' SHA-256 only where it is told to.
 */

import type { Clock } from "../../base/clock.ts";
import type { PagePolicy, Preallocate, ResumeMode, VerifyOptions } from "../content/mod.ts";
import type { TransferError } from "../errors.ts";
import type { BytesByDistance, Distance, Locality } from "../../base/locality.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";

export type { ResumeMode, VerifyOptions };

/** How any engine is set up. */
export interface EngineOptions {
  /** Where this host stands; peers and the tracker are told. */
  readonly locality: Locality;
  /** TCP port for peers. Default 0: any free one. */
  readonly listenPort?: number;
  /** Address to listen on. Default: every address of this machine, IPv6 as well, since peers get the one that announced. */
  readonly hostname?: string;
  readonly log: Log;
  /** Default: files are extended without allocating room. */
  readonly preallocate?: Preallocate;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Default: the system's. */
  readonly random?: Random;
}

/** What to fetch, and where to. */
export interface FetchOptions {
  /** The release's .torrent. */
  readonly metainfo: Uint8Array;
  /**
   * The directory that receives the content, made if it is missing: a single file as `root/<its name>`, a folder's files
   * under their relative paths, without the torrent's own name.
   */
  readonly root: string;
  /** The path of the resume journal, never inside `root`. Default `<root>.resume`. */
  readonly journalPath?: string;
  /** Default "journal". */
  readonly resume?: ResumeMode;
  /**
   * Checks each file's SHA-256 as soon as all of it is there, in a thread of its own, so that little is left for
   * {@link Transfer.verify}. Default false: for callers that never ask for it.
   */
  readonly checkFiles?: boolean;
  /** What becomes of the content in the page cache. Default "keep". */
  readonly pages?: PagePolicy;
  /**
   * Addresses ("address:port") of peers that are tried when none that the trackers name gives anything, such as the build
   * machine's own: a tracker that was lied to is not the last word. Default: none. The engine `webtorrent` ignores them.
   */
  readonly fallbackPeers?: readonly string[];
  /** Ends the transfer as `stop()` does. */
  readonly signal?: AbortSignal;
}

/** What to seed, and where it lies. */
export interface SeedOptions {
  /** The release's .torrent. */
  readonly metainfo: Uint8Array;
  /** The directory that holds the content, laid out as `FetchOptions.root` says. */
  readonly root: string;
  /** Ends the transfer as `stop()` does. */
  readonly signal?: AbortSignal;
}

/** Why a transfer that has not ended requests nothing. */
export interface TransferPause {
  /** There is no room on the disk (ENOSPC, EDQUOT); it goes on by itself when there is. */
  readonly reason: "disk_full";
  /** For people; it names the file that there is no room for. */
  readonly message: string;
}

/** A snapshot of a transfer; it is cheap and may be taken as often as wanted. */
export interface TransferProgress {
  /** The size of the pieces that are on disk and match their hashes. */
  readonly verifiedBytes: number;
  /** The size of the release's content. */
  readonly totalBytes: number;
  /** Of all peers together, averaged over the last seconds. */
  readonly downloadBytesPerSecond: number;
  /** Of all peers together, averaged over the last seconds. */
  readonly uploadBytesPerSecond: number;
  /** The number of connected peers. */
  readonly peers: number;
  /** The same by how far away they are; missing where an engine does not tell. */
  readonly peersByDistance?: Readonly<Record<Distance, number>>;
  /** Addresses of peers that sent wrong bytes and are banned for some minutes; missing while there are none. */
  readonly bannedPeers?: readonly string[];
  /**
   * The bytes of the blocks that have arrived since this transfer began, by distance; more than the content where blocks
   * were requested twice. `resumedBytes` were on disk already and cost no network.
   */
  readonly received: Readonly<BytesByDistance & { resumedBytes: number }>;
  /** The bytes of the blocks that were sent since this transfer began, by distance. */
  readonly sent: Readonly<BytesByDistance>;
  /** Present while it waits for something that peers cannot give. */
  readonly paused?: TransferPause;
  /**
   * Why nothing has arrived for some seconds although pieces are missing, for people: what is missing, and what is tried next.
   * Left out while something arrives.
   */
  readonly obstacle?: string;
}

/** An event of a transfer: for logs, metrics and tests, not needed to use a transfer. */
export type TransferEvent =
  /** The journal was checked: `resumedBytes` need not be fetched, `rehashedBytes` had to be hashed to know. */
  | { readonly type: "resumed"; readonly resumedBytes: number; readonly rehashedBytes: number }
  /** A peer finished its handshake. */
  | { readonly type: "peer_connected"; readonly address: string; readonly locality?: Locality }
  /** A piece was verified and written. */
  | { readonly type: "piece_verified"; readonly index: number }
  /** A piece did not match its hash and is fetched again. */
  | { readonly type: "piece_rejected"; readonly message: string }
  /** A peer sent wrong bytes: there is no connection with it for some minutes. */
  | { readonly type: "peer_banned"; readonly address: string; readonly message: string }
  /** A tracker answered with this many peers. */
  | { readonly type: "announced"; readonly peers: number }
  /** A tracker did not answer or refused; it is asked again later. */
  | { readonly type: "announce_failed"; readonly message: string }
  /** The disk is full; nothing is lost, and nothing is requested until there is room. */
  | { readonly type: "paused" } & TransferPause
  /** There is room again. */
  | { readonly type: "continued" }
  /** Every piece is there; seeding goes on. */
  | { readonly type: "completed" }
  /** The transfer ended early; `done` rejects with the same error. */
  | { readonly type: "failed"; readonly error: TransferError };

/** One release being fetched and seeded; after `done` it goes on seeding until `stop()`. */
export interface Transfer {
  /** Of the release, 40 hexadecimal digits. */
  readonly infoHash: string;
  /**
   * Resolves when every piece is verified and on disk (for a seed: when it is ready to serve). Rejects with a
   * {@link TransferError}. A rejection that nobody handles does no harm.
   */
  readonly done: Promise<void>;
  /** A snapshot. */
  progress(): TransferProgress;
  /**
   * The last check before a release may be started: waits for `done`, then compares the SHA-256 of every file with the
   * manifest. Files that were checked while they arrived and have not changed since are not read again. With
   * `pages: "drop"` nothing of the content stays in the page cache after that. Rejects with a {@link ReleaseError} as
   * `verifyRelease` does, or as `done`.
   */
  verify(options?: VerifyOptions): Promise<void>;
  /**
   * Waits for `done`, calls `rename`, which moves the content's folder (on the same file system) to the new root, and goes on
   * seeding from there; it seeds in the meantime, too. The transfer's journal follows if it lies beside the folder. Rejects as
   * `done` and `rename` do, and with a {@link TransferError} if the content is not there afterwards.
   */
  relocate(newRoot: string, rename: () => Promise<void>): Promise<void>;
  /** Calls the listener at every event until the returned function is called. */
  subscribe(listener: (event: TransferEvent) => void): () => void;
  /** Leaves the swarm and closes the files; what is on disk stays and can be resumed. */
  stop(): Promise<void>;
}

/** Fetches and seeds releases. */
export interface TorrentEngine {
  /** The TCP port that peers connect to. */
  readonly port: number;
  /** Starts to fetch. Throws a `ReleaseError` for a .torrent that is not acceptable. */
  fetch(options: FetchOptions): Transfer;
  /** Starts to seed content that is complete. Throws a `ReleaseError` as `fetch` does. */
  seed(options: SeedOptions): Transfer;
  /** Stops every transfer and closes every socket and file. */
  close(): Promise<void>;
}
