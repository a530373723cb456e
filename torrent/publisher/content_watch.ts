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
import { describeAll, type PublishedFiles, recordPublishedFiles } from "./published_files.ts";

/** What a watch works with, and whom it tells. */
export interface ContentWatchOptions {
  readonly feedDir: string;
  readonly log: Log;
  /** The .torrent of a release in the feed, or undefined. */
  readonly torrent: (infoHash: string) => Promise<Uint8Array | undefined>;
  /** Its files are not as they were: nobody must get any of it from here. */
  readonly onSuspect: (infoHash: string) => Promise<void>;
  /** Its files are right after all, or again. */
  readonly onRight: (infoHash: string) => void;
}

/** Looks between two at a release that is held back: all of its files are looked at then. */
const SUSPECT_LOOKS = 8;

/** A release that is held back. */
interface Suspect {
  readonly infoHash: string;
  /** What its files were like when it was published. */
  readonly published: PublishedFiles;
  /** What its files were like when they were read last and found wrong; undefined: they were not read yet. */
  wrong: string | undefined;
  /** What they were like at the last look: while they change, they are not read. */
  last: string;
}

/** The files of one publisher's releases. */
export class ContentWatch {
  readonly #options: ContentWatchOptions;
  readonly #files: ChangedFiles;
  /** The releases that are seeded. */
  readonly #watched = new Set<string>();
  readonly #suspects = new Map<string, Suspect>();
  /** One release is read at a time: the disk is needed for seeding. */
  #reading: Promise<void> | undefined;
  #looks = 0;

  constructor(options: ContentWatchOptions) {
    this.#options = options;
    this.#files = new ChangedFiles(options.feedDir);
  }

  /** Begins to watch a release. */
  add(infoHash: string): void {
    this.#watched.add(infoHash);
  }

  /** A release is not seeded any more. */
  forget(infoHash: string): void {
    this.#watched.delete(infoHash);
    this.#suspects.delete(infoHash);
    this.#files.forget(infoHash);
  }

  /** Looks at some of the files; to be called again and again, until the signal aborts. */
  async look(signal: AbortSignal): Promise<void> {
    const trusted = [...this.#watched].filter((infoHash) => !this.#suspects.has(infoHash));
    for (const { infoHash, published, file } of await this.#files.next(trusted)) {
      await this.#suspect({ infoHash, published, wrong: undefined, last: "" }, file);
    }
    if (this.#looks++ % SUSPECT_LOOKS !== 0) return;
    for (const suspect of this.#suspects.values()) await this.#lookAgain(suspect, signal);
  }

  /** Resolves when nothing is read any more. */
  async ended(): Promise<void> {
    await this.#reading;
  }

  async #suspect(suspect: Suspect, file: string): Promise<void> {
    const { infoHash, published: { service, version, root } } = suspect;
    this.#suspects.set(infoHash, suspect);
    this.#options.log.warn(
      "{service} {version}: {file} in {root} is not as it was published: not seeded or offered until all of it was read",
      { service, version, file, root },
    );
    await this.#options.onSuspect(infoHash);
  }

  async #lookAgain(suspect: Suspect, signal: AbortSignal): Promise<void> {
    const now = await describeAll(suspect.published);
    const isStill = now === suspect.last;
    suspect.last = now;
    if (!isStill || now === suspect.wrong || this.#reading !== undefined) return;
    this.#reading = this.#read(suspect, { now, signal }).finally(() => this.#reading = undefined);
  }

  /** Reads all of a release. It never rejects. */
  async #read(
    suspect: Suspect,
    { now, signal }: { readonly now: string; readonly signal: AbortSignal },
  ): Promise<void> {
    const { infoHash, published } = suspect;
    const { service, version, root } = published;
    const { feedDir, log, torrent, onRight } = this.#options;
    try {
      const metainfo = await torrent(infoHash);
      // It has been taken out of the feed.
      if (metainfo === undefined) return;
      await verifyRelease({ metainfo, root, signal });
      if (this.#suspects.get(infoHash) !== suspect) return;
      // Changed while it was read: it is read once more.
      if (await describeAll(published) !== now) return;
      await recordPublishedFiles(feedDir, { infoHash, ...published });
      this.#files.forget(infoHash);
      this.#suspects.delete(infoHash);
      log.info("{service} {version}: its files are right: seeded and offered again", {
        service,
        version,
      });
      onRight(infoHash);
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
