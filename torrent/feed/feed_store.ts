/**
 * Keeps the releases of a feed in a directory: `index.json`, and each .torrent under its info hash. Every file is written
 * under another name, synced and renamed, the .torrent before the index that names it, so that a crash at any moment leaves
 * the feed as it was before or as it is afterwards.
 */

import { z } from "zod";
import { readFile } from "../../base/bounded_read.ts";
import type { Clock } from "../../base/clock.ts";
import { FeedError, systemErrorCode } from "../errors.ts";
import type { Log } from "../../base/log.ts";
import { MAX_METAINFO_BYTES, readRelease } from "../release/mod.ts";
import { feedReleaseSchema, MAX_FEED_TRACKERS, type PublishedRelease } from "./feed_format.ts";

/**
 * Releases in the feed; with more, the oldest are dropped. It is room for years of releases, and the document stays within
 * what its readers accept.
 */
const MAX_RELEASES = 2000;
/** The largest index; that many releases take a megabyte or two. */
const MAX_INDEX_BYTES = 32 * 1024 * 1024;

const indexSchema = z.object({
  schema: z.literal(1),
  /** Newest first. */
  releases: z.array(feedReleaseSchema.extend({
    publishedAt: z.iso.datetime(),
    torrentBytes: z.number().int().positive(),
  })),
});

/** What a store needs. */
export interface FeedStoreOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** The kept releases of a feed. A failure of the disk is thrown as a {@link FeedError} "storage". */
export class FeedStore {
  readonly #options: FeedStoreOptions;
  #releases: readonly PublishedRelease[];
  /** The change that is under way, which the next one waits for. */
  #changing: Promise<unknown> = Promise.resolve();

  private constructor(options: FeedStoreOptions, releases: readonly PublishedRelease[]) {
    this.#options = options;
    this.#releases = releases;
  }

  /** Opens the directory, which is made if it is missing. */
  static async open(options: FeedStoreOptions): Promise<FeedStore> {
    const path = `${options.directory}/index.json`;
    return await guard(path, async () => {
      await Deno.mkdir(`${options.directory}/torrents`, { recursive: true });
      let text: string;
      try {
        text = new TextDecoder().decode(await readFile(path, MAX_INDEX_BYTES));
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return new FeedStore(options, []);
        throw error;
      }
      return new FeedStore(options, indexSchema.parse(JSON.parse(text)).releases);
    });
  }

  /** The releases, newest first. */
  get releases(): readonly PublishedRelease[] {
    return this.#releases;
  }

  /**
   * Adds a release; returns false if it is there already. Other content under the same service and version is refused with
   * a {@link FeedError} "version_taken", since hosts may run the first one.
   */
  add(metainfo: Uint8Array): Promise<boolean> {
    const adding = this.#changing.then(() => this.#add(metainfo));
    this.#changing = adding.catch(() => {});
    return adding;
  }

  /** Takes a release out of the feed; returns false if it is not there. Its version may be published anew. */
  remove(infoHash: string): Promise<boolean> {
    const removing = this.#changing.then(() => this.#remove(infoHash));
    this.#changing = removing.catch(() => {});
    return removing;
  }

  /** The .torrent of a release in the feed, or undefined. */
  async torrent(infoHash: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (!this.#releases.some((release) => release.infoHash === infoHash)) return undefined;
    const path = this.#torrentPath(infoHash);
    return await guard(path, () => readFile(path, MAX_METAINFO_BYTES));
  }

  async #add(metainfo: Uint8Array): Promise<boolean> {
    const { service, version, infoHash, sizeBytes, announce } = readRelease(metainfo);
    const former = this.#releases.find((one) => one.service === service && one.version === version);
    if (former?.infoHash === infoHash) return false;
    if (former !== undefined) {
      throw new FeedError(
        "version_taken",
        `publish ${service} ${version}: expected the content that it was published with ` +
          `(${former.infoHash}), there was another (${infoHash}); give it a new version`,
      );
    }
    const added: PublishedRelease = {
      service,
      version,
      infoHash,
      sizeBytes,
      trackers: announce.slice(0, MAX_FEED_TRACKERS),
      publishedAt: new Date(this.#options.clock.wallTimeMs()).toISOString(),
      torrentBytes: metainfo.length,
    };
    const releases = [added, ...this.#releases].slice(0, MAX_RELEASES);
    await replaceFile(this.#torrentPath(infoHash), metainfo);
    await this.#replaceIndex(releases);
    this.#options.log.info("published {service} {version} as {infoHash}", {
      service,
      version,
      infoHash,
    });
    return true;
  }

  async #remove(infoHash: string): Promise<boolean> {
    const releases = this.#releases.filter((release) => release.infoHash !== infoHash);
    if (releases.length === this.#releases.length) return false;
    await this.#replaceIndex(releases);
    this.#options.log.info("taken out of the feed: {infoHash}", { infoHash });
    return true;
  }

  /** Writes the index, then removes each .torrent that it does not name any more. */
  async #replaceIndex(releases: readonly PublishedRelease[]): Promise<void> {
    const dropped = this.#releases.filter((release) => !releases.includes(release));
    const index: z.input<typeof indexSchema> = { schema: 1, releases: [...releases] };
    await replaceFile(
      `${this.#options.directory}/index.json`,
      new TextEncoder().encode(JSON.stringify(index, null, 2)),
    );
    this.#releases = releases;
    for (const release of dropped) {
      await Deno.remove(this.#torrentPath(release.infoHash)).catch((cause) => {
        this.#options.log.debug("old .torrent stays: {cause}", { cause });
      });
    }
  }

  #torrentPath(infoHash: string): string {
    return `${this.#options.directory}/torrents/${infoHash}.torrent`;
  }
}

async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.new`;
  await guard(path, async () => {
    {
      using file = await Deno.open(temporary, { write: true, create: true, truncate: true });
      let written = 0;
      while (written < bytes.length) written += await file.write(bytes.subarray(written));
      await file.sync();
    }
    await Deno.rename(temporary, path);
    // The rename itself is on disk only after the directory is synced.
    using directory = await Deno.open(path.slice(0, path.lastIndexOf("/")));
    await directory.sync();
  });
}

async function guard<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof FeedError) throw cause;
    const detail = systemErrorCode(cause) ?? (cause instanceof Error ? cause.message : cause);
    throw new FeedError("storage", `feed: ${path}: ${detail}`, { cause });
  }
}
