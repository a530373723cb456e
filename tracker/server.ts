/**
 * The tracker as a process runs it: bittorrent-tracker's HTTP server with swarms of our own, an
 * allow-list, and `GET /stats.json`. UDP is left out: its announces carry no site and rack.
 */

import type { AddressInfo } from "node:net";
import Server from "bittorrent-tracker/server";
import type { BaseServerConstructor, Callback } from "./bittorrent_tracker_types.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Log } from "./log.ts";
import { defaultPolicy, type Policy } from "./policy.ts";
import { type Random, systemRandom } from "./random.ts";
import { type Subnet, SubnetMap } from "./subnet_map.ts";
import { LocalitySwarm, type SwarmOptions, type SwarmStats } from "./swarm.ts";

/** Releases at once; far more than any fleet rolls out, few enough to look through. */
const MAX_SWARMS = 1000;

// The package has no types; `bittorrent_tracker_types.ts` describes what is used of it.
const BaseServer = Server as unknown as BaseServerConstructor;

/** How a tracker is set up. */
export interface TrackerOptions {
  /** Address to listen on. Default "0.0.0.0". */
  readonly hostname?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** The name in the announce URL. Default: `hostname`, or this machine's name if that is a wildcard. */
  readonly publicHostname?: string;
  /** Which subnet is which rack; a peer in one of them is where the map says. Default: none. */
  readonly subnets?: readonly Subnet[];
  /** Whether peers may meet for that info hash. Default: for any. */
  readonly allow?: (infoHash: string) => boolean;
  /** Overrides of `defaultPolicy`. Intervals are announced in whole seconds, at least one. */
  readonly policy?: Partial<Policy>;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Default: the system's. */
  readonly random?: Random;
}

/** What it knows at a glance; also at `GET /stats.json`. */
export interface TrackerStats {
  readonly swarms: readonly SwarmStats[];
}

/** A tracker at work. */
export interface Tracker {
  /** To be put into releases. */
  readonly announceUrl: string;
  readonly port: number;
  stats(): TrackerStats;
  close(): Promise<void>;
}

/** Resolves when it listens; rejects if the port is taken or the subnet map has an error in it. */
export async function createTracker(options: TrackerOptions): Promise<Tracker> {
  const hostname = options.hostname ?? "0.0.0.0";
  const server = new LocalityServer(options);
  await new Promise<void>((resolve, reject) => {
    server.once("listening", resolve);
    server.once("error", (cause: unknown) => {
      const detail = cause instanceof Error ? cause.message : String(cause);
      reject(
        new Error(
          `start tracker: cannot listen on ${hostname}:${options.port ?? 0}: ${detail}`,
          { cause },
        ),
      );
    });
    server.listen(options.port ?? 0, hostname);
  });
  server.on("error", (cause: unknown) => options.log.warn("tracker: {cause}", { cause }));
  const { port } = server.http.address() as AddressInfo;
  const isWildcard = hostname === "0.0.0.0" || hostname === "::";
  const name = options.publicHostname ?? (isWildcard ? Deno.hostname() : hostname);
  return {
    announceUrl: `http://${name.includes(":") ? `[${name}]` : name}:${port}/announce`,
    port,
    stats: () => server.stats(),
    close: () => server.end(),
  };
}

class LocalityServer extends BaseServer {
  readonly #swarmOptions: SwarmOptions;

  constructor(options: TrackerOptions) {
    const policy = { ...defaultPolicy, ...options.policy };
    super({
      http: true,
      udp: false,
      ws: false,
      stats: false,
      interval: policy.leecherIntervalMs,
      peersCacheLength: 1,
      filter: (infoHash, _params, callback) => {
        if (options.allow?.(infoHash) ?? true) callback();
        else callback(new Error("this tracker does not serve that info hash"));
      },
    });
    this.#swarmOptions = {
      policy,
      subnets: new SubnetMap(options.subnets ?? []),
      clock: options.clock ?? systemClock,
      random: options.random ?? systemRandom,
      log: options.log,
    };
    // What strangers send is no more than worth a note.
    this.on("warning", (error: Error) => {
      options.log.debug("announce refused: {message}", { message: error.message });
    });
    this.http.on("request", (request, response) => {
      if (request.method !== "GET" || request.url !== "/stats.json") return;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(this.stats()));
    });
  }

  /** Called by the base for an info hash that it does not know; swarms that are empty go. */
  override createSwarm(infoHash: string, callback: Callback<unknown>): void {
    const { clock } = this.#swarmOptions;
    for (const [hash, swarm] of this.#swarms()) {
      if (swarm.sweep(clock.nowMs())) delete this.torrents[hash];
    }
    if (this.#swarms().length >= MAX_SWARMS) {
      callback(new Error(`this tracker has its ${MAX_SWARMS} swarms already; ask again later`));
      return;
    }
    // The base looks once more after a turn of the event loop: two first announces may be under way.
    const known = this.torrents[infoHash];
    const swarm = known ?? new LocalitySwarm(infoHash, this.#swarmOptions);
    this.torrents[infoHash] = swarm;
    callback(null, swarm);
  }

  stats(): TrackerStats {
    return { swarms: this.#swarms().map(([, swarm]) => swarm.stats()) };
  }

  end(): Promise<void> {
    return new Promise((resolve) => {
      this.close(() => resolve());
      this.http.closeAllConnections();
    });
  }

  #swarms(): [string, LocalitySwarm][] {
    return Object.entries(this.torrents)
      .filter((entry): entry is [string, LocalitySwarm] => entry[1] instanceof LocalitySwarm);
  }
}
