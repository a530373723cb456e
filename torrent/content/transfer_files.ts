/**
 * The disk's side of one transfer, the same for every engine: the content, the journal of the verified pieces, and their
 * number. Pieces that have arrived are written and added to the journal here; where they came from is not known.
 */

import { type Clock, sleep } from "../../base/clock.ts";
import { ContentStore, type ContentStoreOptions } from "./content_store.ts";
import { diskError } from "./disk_error.ts";
import { PresentBlocks, presentBlocksPath } from "./present_blocks.ts";
import { isDiskFull, TransferError } from "../errors.ts";
import { FileCheck, MIN_CHECKED_BYTES } from "./file_check.ts";
import { type Log, silentLog } from "../../base/log.ts";
import { PieceSet } from "./piece_set.ts";
import { pieceSizeBytes, type Release } from "../release/mod.ts";
import { checkResume, type ResumeCheck } from "./resume_check.ts";
import {
  currentBoot,
  type FileReceipt,
  readJournal,
  ResumeJournal,
  takeReceipt,
} from "./resume_journal.ts";
import { type VerifyOptions, verifyRelease } from "./verify_release.ts";
import type { PagePolicy } from "./write_behind.ts";

/** How much of what is on disk already is believed. */
export type ResumeMode =
  /**
   * The resume journal is believed where nothing on disk contradicts it, the rest is hashed. The default: what an earlier
   * attempt has verified costs no network and no full re-hash.
   */
  | "journal"
  /** Nothing is believed: every piece that is on disk is hashed, the others are fetched. */
  | "rehash"
  /** The transfer starts from nothing, whatever is there. */
  | "discard";

/** How a transfer begins. */
export type TransferStart =
  | {
    readonly kind: "fetch";
    readonly journalPath: string;
    readonly resume: ResumeMode;
    readonly checkFiles?: boolean | undefined;
    readonly pages?: PagePolicy | undefined;
  }
  | { readonly kind: "seed" };

/** The content, the journal and the verified pieces of one transfer. */
export class TransferFiles {
  readonly release: Release;
  readonly store: ContentStore;
  /** The pieces that are on disk and match their hashes. */
  readonly verified: PieceSet;
  /** Blocks on disk of other pieces; undefined before `resume`, and where nothing on disk is believed. */
  present: PresentBlocks | undefined;
  #verifiedBytes = 0;
  #resumedBytes = 0;
  #resumed: ResumeCheck | undefined;
  #journal: ResumeJournal | undefined;
  #journalPath: string | undefined;
  readonly #log: Log;
  readonly #pages: PagePolicy;
  #check: FileCheck | undefined;

  constructor(
    release: Release,
    root: string,
    options: ContentStoreOptions,
  ) {
    this.#log = options.log ?? silentLog;
    this.#pages = options.pages ?? "keep";
    this.release = release;
    this.verified = new PieceSet(release.pieceCount);
    this.store = new ContentStore(release, root, options);
  }

  /** The size of the {@link verified} pieces. */
  get verifiedBytes(): number {
    return this.#verifiedBytes;
  }

  /** The size of the pieces that were verified when the transfer began. */
  get resumedBytes(): number {
    return this.#resumedBytes;
  }

  /** Whether every piece is verified. */
  get isComplete(): boolean {
    return this.#verifiedBytes === this.release.sizeBytes;
  }

  /**
   * Makes the files, finds out which pieces need not be fetched, and begins the journal anew. Rejects with a
   * {@link TransferError}: "disk_full", "disk_failed", "stopped".
   */
  async resume(
    start: TransferStart & { readonly kind: "fetch" },
    signal: AbortSignal,
  ): Promise<{ resumedBytes: number; rehashedBytes: number }> {
    const { release } = this;
    this.#journalPath = start.journalPath;
    const boot = currentBoot();
    // A full disk has this called again. By then every file has its full size, and nothing tells any more what was there.
    const { verified, rehashedBytes } = this.#resumed ??= await this.#lookAtDisk(start, {
      boot,
      signal,
    });
    try {
      this.#journal = new ResumeJournal(start.journalPath, { release, verified, boot });
    } catch (error) {
      throw diskError("write", start.journalPath, error);
    }
    for (const index of verified) this.#count(index);
    this.#resumedBytes = this.#verifiedBytes;
    if (start.resume === "journal") {
      this.present = PresentBlocks.read(presentBlocksPath(start.journalPath), release);
    }
    if (start.checkFiles === true) this.#check = this.#beginCheck();
    return { resumedBytes: this.#resumedBytes, rehashedBytes };
  }

  async #lookAtDisk(
    { resume, journalPath }: TransferStart & { readonly kind: "fetch" },
    { boot, signal }: { readonly boot: string; readonly signal: AbortSignal },
  ): Promise<ResumeCheck> {
    const { release, store } = this;
    const formerBytes = await store.prepare({ discard: resume === "discard", signal });
    const journal = resume === "rehash" ? undefined : readJournal(journalPath, release);
    return await checkResume({ release, store, formerBytes, journal, boot, signal });
  }

  /** Expects the files of a seed at their sizes. They were hashed when they were published, so that is not repeated. */
  expectContent(): void {
    for (const file of this.release.files) {
      const receipt = takeReceipt(`${this.store.root}/${file.path}`);
      if (receipt?.[0] === file.sizeBytes) continue;
      throw new TransferError(
        "content_missing",
        `seed: ${this.store.root}/${file.path}: expected ${file.sizeBytes} bytes, there ` +
          (receipt === undefined ? "was no file" : `were ${receipt[0]}`) +
          "; publish the release again",
      );
    }
    for (let index = 0; index < this.release.pieceCount; index++) this.#count(index);
    this.#resumedBytes = this.#verifiedBytes;
  }

  /**
   * Adds a piece that has been written to the journal and to the verified ones. Returns false if it was there already.
   * Throws a {@link TransferError}.
   */
  claim(index: number): boolean {
    if (this.verified.has(index)) return false;
    try {
      this.#journal?.add(index);
    } catch (error) {
      throw diskError("write", `${this.#journalPath}`, error);
    }
    this.#count(index);
    this.#check?.onPiece(index);
    return true;
  }

  /** To be called when every piece is there: syncs the files to the disk and seals the journal. */
  async finish(): Promise<void> {
    if (this.#journal === undefined) return;
    this.#seal(await this.store.sync());
    // Files that are being checked are still read, and dropped from the page cache after that.
    if (this.#check === undefined) await this.store.dropPages();
  }

  /** As `Transfer.verify`, once every piece is there. */
  async verify({ signal, onProgress }: VerifyOptions): Promise<void> {
    const { release, store } = this;
    const check = this.#check ??= this.#beginCheck();
    let shownBytes = 0;
    const show = (doneBytes: number) => {
      shownBytes = Math.max(shownBytes, doneBytes);
      onProgress?.(shownBytes, release.sizeBytes);
    };
    await check?.caughtUp({ signal, onProgress: show });
    await verifyRelease({
      metainfo: release.metainfo,
      root: store.root,
      isChecked: (fileIndex) => check?.hasPassed(fileIndex) === true,
      pages: this.#pages,
      onProgress: show,
      ...signal === undefined ? {} : { signal },
    });
    await store.dropPages();
  }

  /**
   * Closes the journal and the files of a transfer that ends. With `atRest`, which says that nothing writes to the files any
   * more, the journal is sealed; the seal holds until the machine goes down.
   */
  close(options: { atRest: boolean }): void {
    this.#check?.close();
    if (options.atRest) this.#seal(false);
    this.#journal?.close();
    this.store.close();
  }

  /** Follows the content's root while the caller renames it, and takes the journal along if it lies beside the root. */
  async relocate(newRoot: string, rename: () => Promise<void>): Promise<void> {
    const journalFollows = this.#journalPath === `${this.store.root}.resume`;
    await this.store.moveTo(newRoot, rename);
    if (this.#journalPath === undefined || !journalFollows) return;
    const newPath = `${newRoot}.resume`;
    try {
      await Deno.rename(this.#journalPath, newPath);
    } catch (error) {
      // Without the journal the next start hashes everything, and that is all.
      if (!(error instanceof Deno.errors.NotFound)) throw diskError("rename", newPath, error);
    }
    this.#journalPath = newPath;
  }

  #beginCheck(): FileCheck | undefined {
    const { release, store, verified } = this;
    if (release.sizeBytes < MIN_CHECKED_BYTES) return undefined;
    return new FileCheck({
      release,
      root: () => store.root,
      verified,
      log: this.#log,
      onRead: (fileIndex, startBytes, endBytes) => store.onRead(fileIndex, startBytes, endBytes),
    });
  }

  #count(index: number): void {
    this.verified.add(index);
    this.#verifiedBytes += pieceSizeBytes(this.release, index);
  }

  #seal(synced: boolean): void {
    if (this.#journal === undefined) return;
    const files: FileReceipt[] = this.release.files.map((file) =>
      takeReceipt(`${this.store.root}/${file.path}`) ?? [-1, 0, 0]
    );
    const journal = this.#journal;
    this.#journal = undefined;
    try {
      journal.seal({ synced, files });
    } catch (error) {
      // Without its seal it counts as that of a killed process, and the content is as whole as it was.
      journal.close();
      if (!isDiskFull(error)) throw error;
      this.#log.warn("no room to seal {path}: after a restart of this machine all is hashed", {
        path: this.#journalPath,
      });
    }
  }
}

/** How often a full disk is tried again: soon enough for an operator who has just made room. */
const ROOM_POLL_MS = 2000;

/** What an engine's store of verified pieces needs; the disk may be full for a while. */
export interface PieceStoreOptions {
  readonly files: TransferFiles;
  readonly clock: Clock;
  /** Ends the waiting for room; pieces that wait are dropped, since they are not in the journal. */
  readonly signal: AbortSignal;
  /** Called when a piece is on disk and in the journal. */
  readonly onWritten: (index: number) => void;
  /** Called when the disk is full: nothing should be requested until there is room. */
  readonly onPaused: (error: TransferError) => void;
  /** Called when everything that has waited is written. */
  readonly onContinued: () => void;
}

/**
 * Does work that needs room on the disk, again and again while the disk is full. Calls `onFull` once when it is, and
 * `onRoom` when the work has succeeded after that. Rejects with any other error, or with the last "disk_full" once the
 * signal is aborted.
 */
export async function retryWhileDiskFull<Result>(
  work: () => Result | Promise<Result>,
  options: {
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly onFull: (error: TransferError) => void;
    readonly onRoom: () => void;
  },
): Promise<Result> {
  let wasFull = false;
  for (;;) {
    try {
      const result = await work();
      if (wasFull) options.onRoom();
      return result;
    } catch (error) {
      const isFull = error instanceof TransferError && error.code === "disk_full";
      if (!isFull || options.signal.aborted) throw error;
      if (!wasFull) options.onFull(error);
      wasFull = true;
      await sleep(options.clock, ROOM_POLL_MS, options.signal);
    }
  }
}
