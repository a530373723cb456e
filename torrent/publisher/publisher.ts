/**
 * The build machine at work: serves the feed, takes in releases that are handed to it, and is the first seeder of each.
 *
 * @module
 */

import { type Clock, sleep } from "../../base/clock.ts";
import { reasonOf } from "../../base/reason.ts";
import type { TorrentEngine, Transfer } from "../engine/mod.ts";
import type { FeedServer } from "../feed/mod.ts";
import type { Log } from "../../base/log.ts";
import { systemErrorCode } from "../errors.ts";
import { removeCopy } from "./content_copies.ts";
import { ContentWatch } from "./content_watch.ts";
import { Inbox } from "./inbox.ts";

/** What a publisher works with. */
export interface PublisherOptions {
  readonly feedDir: string;
  readonly feed: FeedServer;
  readonly engine: TorrentEngine;
  readonly log: Log;
  readonly clock: Clock;
}

/** How often the inbox is read; to hand a release over takes about as long. */
const INBOX_INTERVAL_MS = 250;

/** Seeds the feed's releases, and adds and seeds those that are handed over, until it is stopped. */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #inbox: Inbox;
  readonly #seeds = new Map<string, Transfer>();
  /** Releases of the feed that are still to be seeded. */
  readonly #unseeded = new Set<string>();
  readonly #watch: ContentWatch;
  /** Rounds in a row that have failed. */
  #failures = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#inbox = new Inbox(options.feedDir);
    const { feedDir, feed, log } = options;
    this.#watch = new ContentWatch({
      feedDir,
      log,
      torrent: (infoHash) => feed.torrent(infoHash),
      onSuspect: async (infoHash) => {
        feed.setOffered(infoHash, false);
        await this.#stopSeeding(infoHash);
      },
      onRight: (infoHash) => {
        this.#unseeded.add(infoHash);
        feed.setOffered(infoHash, true);
      },
    });
  }

  /**
   * Seeds what the feed lists already, then takes in what is handed over until the signal aborts. A folder that cannot be
   * read or written now (no descriptor is free, the disk is full) is tried again in the next round: it must not end the feed
   * and the seeding of everything else.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, feed } = this.#options;
    for (const { infoHash } of feed.releases) this.#unseeded.add(infoHash);
    do {
      await this.#try(async () => {
        await this.#round();
        await this.#watch.look(signal);
      });
      await sleep(clock, INBOX_INTERVAL_MS, signal);
    } while (!signal.aborted);
    await this.#watch.ended();
  }

  /** Takes the releases out that were withdrawn, and adds those that are waiting in the inbox now. */
  async takeIn(): Promise<void> {
    const { feed, log } = this.#options;
    for (const infoHash of await this.#inbox.withdrawals()) await this.#withdraw(infoHash);
    for (const { infoHash, metainfo } of await this.#inbox.waiting()) {
      let refused: string | null = null;
      try {
        await feed.add(metainfo);
        await this.#seed(infoHash, metainfo);
      } catch (error) {
        // It stays in the inbox: there is nothing wrong with the release.
        if (isTransient(error)) throw error;
        refused = reasonOf(error);
        if (!feed.releases.some((release) => release.infoHash === infoHash)) {
          await removeCopy(this.#options.feedDir, infoHash);
        }
        log.warn("refused {infoHash}: {refused}", { infoHash, refused });
      }
      await this.#inbox.settle(infoHash, refused);
    }
  }

  /** From then on nobody gets its .torrent or its bytes from here; hosts that have some of it give it to each other. */
  async #withdraw(infoHash: string): Promise<void> {
    await this.#options.feed.remove(infoHash);
    this.#unseeded.delete(infoHash);
    this.#watch.forget(infoHash);
    await this.#stopSeeding(infoHash);
    await this.#inbox.settleWithdrawal(infoHash);
  }

  async #stopSeeding(infoHash: string): Promise<void> {
    await this.#seeds.get(infoHash)?.stop();
    this.#seeds.delete(infoHash);
  }

  async #round(): Promise<void> {
    await this.#inbox.open();
    for (const infoHash of [...this.#unseeded]) {
      await this.#seed(infoHash);
      this.#unseeded.delete(infoHash);
    }
    await this.takeIn();
  }

  /** Tells the first failure in a row, and how many there were when it is over. */
  async #try(work: () => Promise<void>): Promise<void> {
    const { log } = this.#options;
    try {
      await work();
    } catch (error) {
      if (this.#failures++ === 0) {
        log.warn("the feed's folders cannot be used now, it is tried again: {error}", { error });
      }
      return;
    }
    if (this.#failures > 0) {
      log.info("the feed's folders can be used again, after {failures} failures", {
        failures: this.#failures,
      });
    }
    this.#failures = 0;
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
    this.#watch.add(infoHash);
    this.#seeds.set(infoHash, transfer);
    try {
      await transfer.done;
    } catch (error) {
      this.#seeds.delete(infoHash);
      if (isTransient(error)) throw error;
      // The content was moved or changed after it was published. Hosts that have it go on seeding.
      log.error("not seeded: {infoHash} from {root}: {error}", { infoHash, root, error });
      if (metainfo !== undefined) throw error;
    }
  }
}

/** What goes by: this process, or the machine, has no descriptor free just now, or the disk no room. */
const TRANSIENT_CODES: ReadonlySet<string | undefined> = new Set([
  "EMFILE",
  "ENFILE",
  "ENOMEM",
  "ENOSPC",
  "EDQUOT",
]);

function isTransient(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (TRANSIENT_CODES.has(systemErrorCode(cause))) return true;
  }
  return false;
}
