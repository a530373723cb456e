/**
 * The build machine of a test: tracker, feed and first seeder in the test's own process. It can go away and come back on
 * the same port.
 *
 * @module
 */

import { systemClock } from "../../../../base/clock.ts";
import { join } from "node:path";
import {
  createFeedServer,
  createRelease,
  createSwarmEngine,
  type FeedServer,
  Inbox,
  Publisher,
  type TorrentEngine,
} from "../../../../torrent/mod.ts";
import { createTracker, type Tracker } from "../../../../tracker/mod.ts";
import type { Behaviour } from "./service_program.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** What a test publishes. */
export interface TestRelease {
  readonly service: string;
  readonly version: string;
  readonly behaviour: Behaviour;
  /** Bytes of the blob besides the file that controls its behaviour. Default 1000. */
  readonly sizeBytes?: number;
  /** Folder of the release that the blob lies in. Default: its root. */
  readonly folder?: string;
}

interface Open {
  readonly engine: TorrentEngine;
  readonly feed: FeedServer;
  readonly publisher: Publisher;
}

/** Publishes releases. */
export class BuildMachine {
  readonly #folder: string;
  readonly #tracker: Tracker;
  #open: Open | null = null;
  #port = 0;

  private constructor(folder: string, tracker: Tracker) {
    this.#folder = folder;
    this.#tracker = tracker;
  }

  /** Starts a tracker, a feed and a seeder. */
  static async start(folder: string): Promise<BuildMachine> {
    const tracker = await createTracker({
      hostname: "127.0.0.1",
      log: silent,
      settings: { hungryIntervalMs: 1_000, leecherIntervalMs: 1_000 },
    });
    const machine = new BuildMachine(folder, tracker);
    await machine.comeBack();
    return machine;
  }

  /** URL of the feed, the same after a return. */
  get feedUrl(): string {
    return `http://127.0.0.1:${this.#port}/feed.json`;
  }

  /** Publishes a release; returns its info hash. */
  async publish(test: TestRelease): Promise<string> {
    const { service, version, behaviour, sizeBytes = 1_000, folder = "" } = test;
    if (this.#open === null) throw new Error("publish: the build machine is away");
    const path = `${this.#folder}/content/${service}-${version}`;
    const blobFolder = join(path, folder);
    await Deno.mkdir(blobFolder, { recursive: true });
    await Deno.writeTextFile(`${path}/behaviour.json`, JSON.stringify(behaviour));
    await Deno.writeFile(`${blobFolder}/data`, new Uint8Array(sizeBytes).fill(version.length));
    const announce = [this.#tracker.announceUrl];
    const release = await createRelease({ service, version, path, announce, log: silent });
    const inbox = new Inbox(`${this.#folder}/feed`);
    await inbox.submit(release);
    await this.#open.publisher.takeIn();
    return release.infoHash;
  }

  /** Stops feed and seeder; the tracker stays. */
  async goAway(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    await open?.feed.close();
    await open?.engine.close();
  }

  /** Stops the seeder alone: releases can be rolled out, and nobody has them. */
  async stopSeeding(): Promise<void> {
    await this.#open?.engine.close();
  }

  /** Starts feed and seeder again, at the same addresses. */
  async comeBack(): Promise<void> {
    const feedDir = `${this.#folder}/feed`;
    await new Inbox(feedDir).open();
    const engine = await createSwarmEngine({
      locality: { host: "build", site: "build", rack: "build" },
      hostname: "127.0.0.1",
      log: silent,
    });
    const feed = await createFeedServer({
      directory: feedDir,
      hostname: "127.0.0.1",
      port: this.#port,
      log: silent,
    });
    this.#port = feed.port;
    const publisher = new Publisher({ feedDir, feed, engine, log: silent, clock: systemClock });
    // One round: seeds what the feed lists, and returns.
    await publisher.run(AbortSignal.abort());
    this.#open = { engine, feed, publisher };
  }

  async close(): Promise<void> {
    await this.goAway();
    await this.#tracker.close();
  }
}
