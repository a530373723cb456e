/**
 * Which info hashes the tracker serves: those of a feed's releases. The feed is read again and again. While it cannot be
 * read the list stays as it is, and before it was read once everything is served: a build machine that is down must not
 * stop a fleet that has begun.
 */

import { reasonOf } from "../base/reason.ts";
import { readFeed } from "../torrent/feed/mod.ts";
import { type MonotonicClock, repeat } from "../base/clock.ts";
import type { Log } from "../base/log.ts";

/** How often the feed is read: a release is served so long after it was published at the latest. */
const REFRESH_MS = 15_000;
/** An unknown info hash makes the tracker read the feed at once, but not more often than this. */
const MIN_REFRESH_MS = 2_000;

/** What an allow-list needs. */
export interface AllowListOptions {
  readonly feedUrl: string;
  readonly clock: MonotonicClock;
  readonly log: Log;
}

/** The info hashes of a feed's releases, kept up to date until it is closed. */
export class AllowList {
  readonly #options: AllowListOptions;
  readonly #abort = new AbortController();
  readonly #stopRepeating: () => void;
  /** "service version" by info hash; undefined until the feed was read once. */
  #names: ReadonlyMap<string, string> | undefined;
  #reading: Promise<void> | undefined;
  #readMs = -Infinity;

  constructor(options: AllowListOptions) {
    this.#options = options;
    this.#stopRepeating = repeat(REFRESH_MS, () => void this.refresh());
  }

  /** Whether an info hash (40 hexadecimal digits) is served. */
  allows(infoHash: string): boolean {
    if (this.#names === undefined || this.#names.has(infoHash)) return true;
    if (this.#options.clock.nowMs() - this.#readMs >= MIN_REFRESH_MS) void this.refresh();
    return false;
  }

  /** "service version" of a release, if the feed names it. */
  nameOf(infoHash: string): string | undefined {
    return this.#names?.get(infoHash);
  }

  /** Reads the feed now. It never rejects. */
  refresh(): Promise<void> {
    this.#reading ??= this.#read().finally(() => this.#reading = undefined);
    return this.#reading;
  }

  /** Stops reading; waits for a read that is under way. */
  async close(): Promise<void> {
    this.#stopRepeating();
    this.#abort.abort();
    await this.#reading;
  }

  async #read(): Promise<void> {
    const { feedUrl, clock, log } = this.#options;
    this.#readMs = clock.nowMs();
    try {
      const releases = await readFeed(feedUrl, { signal: this.#abort.signal });
      this.#names = new Map(
        releases.map(({ infoHash, service, version }) => [infoHash, `${service} ${version}`]),
      );
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      const message = reasonOf(error);
      const kept = this.#names === undefined
        ? "any info hash"
        : `the ${this.#names.size} of before`;
      log.warn("{message}; serving {kept} until it can be read", { message, kept });
    }
  }
}
