/**
 * The build machine at work: serves the feed, takes in releases that are handed to it, and is the first seeder of each.
 *
 * @module
 */

import { type Clock, sleep } from "../../base/clock.ts";
import { EventTally } from "../../base/event_tally.ts";
import type { TorrentEngine, Transfer } from "../engine/engine.ts";
import type { FeedServer } from "../feed/mod.ts";
import type { Log } from "../../base/log.ts";
import { Inbox } from "./inbox.ts";

/** What a publisher works with. */
export interface PublisherOptions {
  readonly feedDir: string;
  readonly feed: FeedServer;
  readonly engine: TorrentEngine;
  readonly log: Log;
  readonly clock: Clock;
}

/** How often the inbox is looked at; a hand-over takes about as long. */
const INBOX_INTERVAL_MS = 250;

/** Seeds the feed's releases, and those that come, until it is told to stop. */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #inbox: Inbox;
  readonly #seeds = new Map<string, Transfer>();

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#inbox = new Inbox(options.feedDir);
  }

  /**
   * Seeds what the feed lists already, then takes in what is handed over until the signal aborts. While the inbox cannot be
   * read, as when no file can be opened, it is tried again and again, and seeding goes on.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, feed, log } = this.#options;
    using tally = new EventTally({ clock, log });
    await this.#inbox.open();
    for (const { infoHash } of feed.releases) await this.#seed(infoHash);
    while (!signal.aborted) {
      try {
        await this.takeIn();
      } catch (cause) {
        tally.note("inbox", "cannot take releases in now: {cause}", { cause });
      }
      await sleep(clock, INBOX_INTERVAL_MS, signal);
    }
  }

  /** Takes in what waits in the inbox now. */
  async takeIn(): Promise<void> {
    const { feed, log } = this.#options;
    for (const { infoHash, metainfo } of await this.#inbox.waiting()) {
      let refused: string | null = null;
      try {
        await feed.add(metainfo);
        await this.#seed(infoHash, metainfo);
      } catch (error) {
        refused = error instanceof Error ? error.message : String(error);
        log.warn("refused {infoHash}: {refused}", { infoHash, refused });
      }
      await this.#inbox.settle(infoHash, refused);
    }
  }

  async #seed(infoHash: string, metainfo?: Uint8Array): Promise<void> {
    const { engine, feed, log } = this.#options;
    if (this.#seeds.has(infoHash)) return;
    const root = await this.#inbox.rootOf(infoHash);
    const torrent = metainfo ?? await feed.torrent(infoHash);
    if (root === null || torrent === undefined) {
      log.warn("not seeded: where {infoHash} lies is not known; publish it again", { infoHash });
      return;
    }
    const transfer = engine.seed({ metainfo: torrent, root });
    this.#seeds.set(infoHash, transfer);
    try {
      await transfer.done;
    } catch (error) {
      // The content has been moved or changed since it was published: the others still have it.
      this.#seeds.delete(infoHash);
      log.error("not seeded: {infoHash} from {root}: {error}", { infoHash, root, error });
      if (metainfo !== undefined) throw error;
    }
  }
}
