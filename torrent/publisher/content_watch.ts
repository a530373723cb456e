/**
 * Looks at the files of what is seeded, since releases are seeded from where they were published. A file that is not as it was
 * may have other bytes: hosts would fetch them, find them wrong, and ban the only seed. So a release is held back as soon as one of
 * its files looks different, all of it is read and compared with its manifest, and it goes on only if that is right.
 *
 * @module
 */

import { reasonOf } from "../../base/reason.ts";
import { verifyRelease } from "../content/verify_release.ts";
import type { Log } from "../../base/log.ts";
import { ChangedFiles } from "./changed_files.ts";
import { recordPublishedFiles } from "./published_files.ts";

/** A release that is seeded. */
export interface WatchedRelease {
  readonly infoHash: string;
  readonly service: string;
  readonly version: string;
  readonly root: string;
  readonly files: readonly { readonly path: string }[];
  readonly metainfo: Uint8Array;
}

/** What a watch works with, and whom it tells. */
export interface ContentWatchOptions {
  readonly feedDir: string;
  readonly log: Log;
  /** Its files are not as they were: nobody must get any of it from here. */
  readonly onSuspect: (infoHash: string) => Promise<void>;
  /** Its files are right after all, or again. */
  readonly onRight: (infoHash: string) => Promise<void>;
}

/** Looks between two at a release that is held back: all of its files are looked at then. */
const SUSPECT_LOOKS = 8;

/** A release that is held back. */
interface Suspect {
  /** What its files were like when they were read last and found wrong; undefined: they were not read yet. */
  wrong: string | undefined;
  /** What they were like at the last look: while they change, they are not read. */
  last: string;
}

/** The files of one publisher's releases. */
export class ContentWatch {
  readonly #options: ContentWatchOptions;
  readonly #files: ChangedFiles;
  readonly #watched = new Map<string, WatchedRelease>();
  readonly #suspects = new Map<string, Suspect>();
  /** One release is read at a time: the disk is needed for seeding. */
  #reading: Promise<void> | undefined;
  #looks = 0;

  constructor(options: ContentWatchOptions) {
    this.#options = options;
    this.#files = new ChangedFiles(options.feedDir);
  }

  /** Begins to watch a release. */
  add(release: WatchedRelease): void {
    this.#watched.set(release.infoHash, release);
  }

  /** A release is not seeded any more. */
  forget(infoHash: string): void {
    this.#watched.delete(infoHash);
    this.#suspects.delete(infoHash);
    this.#files.forget(infoHash);
  }

  /** Looks at some of the files; to be called again and again, until the signal aborts. */
  async look(signal: AbortSignal): Promise<void> {
    for (const { infoHash, file } of await this.#files.next(this.#watched.keys())) {
      const release = this.#watched.get(infoHash);
      if (release !== undefined && !this.#suspects.has(infoHash)) {
        await this.#suspect(release, file);
      }
    }
    if (this.#looks++ % SUSPECT_LOOKS !== 0) return;
    for (const [infoHash, suspect] of this.#suspects) {
      const release = this.#watched.get(infoHash);
      if (release !== undefined) await this.#lookAgain(release, suspect, signal);
    }
  }

  /** Resolves when nothing is read any more. */
  async ended(): Promise<void> {
    await this.#reading;
  }

  async #suspect(release: WatchedRelease, file: string): Promise<void> {
    const { infoHash, service, version, root } = release;
    this.#suspects.set(infoHash, { wrong: undefined, last: "" });
    this.#options.log.warn(
      "{service} {version}: {file} in {root} is not as it was published: not seeded or offered until all of it was read",
      { service, version, file, root },
    );
    await this.#options.onSuspect(infoHash);
  }

  async #lookAgain(release: WatchedRelease, suspect: Suspect, signal: AbortSignal): Promise<void> {
    const now = await this.#files.describe(release.infoHash);
    const isStill = now === suspect.last;
    suspect.last = now;
    if (!isStill || now === suspect.wrong || this.#reading !== undefined) return;
    this.#reading = this.#read(release, suspect, { now, signal }).finally(() =>
      this.#reading = undefined
    );
  }

  /** Reads all of a release. It never rejects. */
  async #read(
    release: WatchedRelease,
    suspect: Suspect,
    { now, signal }: { readonly now: string; readonly signal: AbortSignal },
  ): Promise<void> {
    const { infoHash, service, version, root, metainfo } = release;
    const { feedDir, log, onRight } = this.#options;
    try {
      await verifyRelease({ metainfo, root, signal });
      if (this.#suspects.get(infoHash) !== suspect) return;
      // Changed while it was read: it is read once more.
      if (await this.#files.describe(infoHash) !== now) return;
      await recordPublishedFiles(feedDir, release);
      this.#files.forget(infoHash);
      this.#suspects.delete(infoHash);
      log.info("{service} {version}: its files are right: seeded and offered again", {
        service,
        version,
      });
      await onRight(infoHash);
    } catch (error) {
      if (signal.aborted) return;
      suspect.wrong = now;
      log.error(
        "{service} {version}: not seeded or offered, its content in {root} is not what was published: {reason}. Put the " +
          "files back, it goes on by itself then; or publish another version from another folder",
        { service, version, root, reason: reasonOf(error) },
      );
    }
  }
}
