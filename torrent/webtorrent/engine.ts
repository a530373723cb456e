/**
 * The engine on WebTorrent, without its WebRTC part, its DHT, and everything else that would find peers without the tracker
 * and thereby without regard to sites and racks. One client with one listening port fetches and seeds any number of
 * releases.
 */

import WebTorrent from "webtorrent";
import { anyAddress } from "../../base/ip_address.ts";
import { reasonOf } from "../../base/reason.ts";
import { patchBencode } from "./bencode_patch.ts";
import { type Clock, sleep, systemClock } from "../../base/clock.ts";
import {
  type EngineOptions,
  type FetchOptions,
  RepeatedWarnings,
  type SeedOptions,
  type TorrentEngine,
  type Transfer,
  TransferTable,
} from "../engine/mod.ts";
import { TransferError } from "../errors.ts";
import { systemRandom } from "../../base/random.ts";
import { WebTorrentTransfer } from "./transfer.ts";
import type { WebTorrentClient, WebTorrentOptions } from "./types.ts";

/** Outgoing connections per release; the tracker hands out fewer than that. */
const MAX_CONNECTIONS = 80;
/** The longest wait for sockets to close; the others are closed by the end of the process. */
const CLOSE_DEADLINE_MS = 2000;

// The package has no types; `types.ts` describes what is used of it.
const Client = WebTorrent as unknown as new (options: WebTorrentOptions) => WebTorrentClient;

/** Resolves when the port is open; rejects with a {@link TransferError} "engine_failed" if it is taken. */
export async function createWebtorrentEngine(
  options: EngineOptions,
): Promise<TorrentEngine> {
  patchBencode();
  const client = new Client({
    torrentPort: { port: options.listenPort ?? 0, host: options.hostname ?? anyAddress() },
    dht: false,
    lsd: false,
    utPex: false,
    natUpnp: false,
    natPmp: false,
    utp: false,
    webSeeds: false,
    // Rollcall's announcer is used instead (`../announce/announcer.ts`): the library's fails for good when a tracker dies in
    // the middle of a reply.
    tracker: false,
    // With its default it never reaches a peer that does not speak its encryption.
    secure: 0,
    maxConns: MAX_CONNECTIONS,
  });
  await new Promise<void>((resolve, reject) => {
    client.once("listening", resolve);
    client.once("error", (cause: unknown) => {
      const detail = reasonOf(cause);
      reject(
        new TransferError(
          "engine_failed",
          `start engine: cannot listen on port ${options.listenPort ?? 0}: ${detail}`,
          { cause },
        ),
      );
    });
  });
  return new WebtorrentEngine(client, options);
}

class WebtorrentEngine implements TorrentEngine {
  readonly port: number;
  readonly #client: WebTorrentClient;
  readonly #clock: Clock;
  readonly #transfers: TransferTable<WebTorrentTransfer>;
  #closing: Promise<void> | undefined;

  constructor(client: WebTorrentClient, options: EngineOptions) {
    this.#client = client;
    this.#clock = options.clock ?? systemClock;
    this.port = client.torrentPort;
    const { locality, log, preallocate, random = systemRandom } = options;
    const warnings = new RepeatedWarnings(log, this.#clock);
    this.#transfers = new TransferTable((release, { root, start, onEnd }) =>
      new WebTorrentTransfer(release, {
        context: {
          client,
          locality,
          clock: this.#clock,
          random,
          log,
          warnings,
          ...preallocate === undefined ? {} : { preallocate },
          onEnd,
        },
        root,
        start,
      })
    );
    client.on("error", (cause: unknown) => {
      log.error("torrent engine failed: {cause}", { cause });
      void this.close();
    });
  }

  fetch(options: FetchOptions): Transfer {
    return this.#transfers.fetch(options);
  }

  seed(options: SeedOptions): Transfer {
    return this.#transfers.seed(options);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#transfers.close();
    if (this.#client.destroyed) return;
    const deadline = new AbortController();
    await Promise.race([
      new Promise<void>((resolve) => this.#client.destroy(() => resolve())),
      sleep(this.#clock, CLOSE_DEADLINE_MS, deadline.signal),
    ]);
    deadline.abort();
  }
}
