/**
 * The tracker as a process runs it: announces and scrapes over HTTP and UDP on one port, an allow-list, and the pages of
 * `stats/pages.ts`. The frontend that reads requests is chosen by name; what answers them is the same for all.
 */

import { isIP } from "node:net";
import { formatAddress } from "../base/ip_address.ts";
import { reasonOf } from "../base/reason.ts";
import { AllowList } from "./allow_list.ts";
import { type MonotonicClock, systemClock } from "../base/clock.ts";
import { newCounters, pages, Statistics, type TrackerStats } from "./stats/mod.ts";
import {
  type Frontend,
  type FrontendOptions,
  type OpenFrontend,
  openNativeFrontend,
} from "./frontend/mod.ts";
import type { Log } from "../base/log.ts";
import { HostNames } from "../http/mod.ts";
import { defaultHandoutSettings, type HandoutSettings } from "./handout/mod.ts";
import { type Random, systemRandom } from "../base/random.ts";
import type { TrackerServerName } from "./server_names.ts";
import { type Subnet, SubnetMap } from "./members/mod.ts";
import { Swarms } from "./swarm/mod.ts";

/** How many free ports are tried: one that is free for HTTP may be taken for UDP. */
const PORT_TRIES = 10;

/** How a tracker is set up. */
export interface TrackerOptions {
  /** Address to listen on. Default "0.0.0.0". */
  readonly hostname?: string;
  /** For HTTP and UDP. Default 0: any free one. */
  readonly port?: number;
  /** Whether to answer over UDP (BEP 15) as well. Default: true. */
  readonly udp?: boolean;
  /**
   * The frontend that reads requests: Rollcall's own, or the server of `npm:bittorrent-tracker`, which takes seven to ten
   * times the processor time. Default: "rollcall".
   */
  readonly server?: TrackerServerName;
  /** The host name in the announce URL. Default: `hostname`, or this machine's name if that is a wildcard. */
  readonly publicHostname?: string;
  /**
   * Further names that the pages are answered to, beside `publicHostname`; see `HostNames` for those that need not be
   * given. Default: none.
   */
  readonly hostNames?: readonly string[];
  /** Which subnet is which rack; a peer in one of them stands where the map says. Default: none. */
  readonly subnets?: readonly Subnet[];
  /** Whether an info hash (40 hexadecimal digits) is served. Default: any is, or those of `allowFeed`. */
  readonly allow?: (infoHash: string) => boolean;
  /** URL of a feed: only its releases are served, and shown by name. Default: none. */
  readonly allowFeed?: string;
  /** Overrides of `defaultHandoutSettings`. Intervals are announced in whole seconds, at least one. */
  readonly settings?: Partial<HandoutSettings>;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: MonotonicClock;
  /** Default: the system's. */
  readonly random?: Random;
}

/** A tracker at work. */
export interface Tracker {
  /** The announce URL over HTTP, to be put into releases. */
  readonly announceUrl: string;
  /** The announce URL over UDP; undefined if the tracker does not listen there. */
  readonly udpAnnounceUrl: string | undefined;
  /** Of HTTP and UDP. */
  readonly port: number;
  /** What the tracker knows, at most a second old. */
  stats(): TrackerStats;
  /** Stops listening and answers the requests that are under way; a second call waits for the first. */
  close(): Promise<void>;
}

/** Starts a tracker. Resolves when it listens; rejects if the port is taken or the subnet map has an error. */
export async function createTracker(options: TrackerOptions): Promise<Tracker> {
  const hostname = options.hostname ?? "0.0.0.0";
  const { log } = options;
  const clock = options.clock ?? systemClock;
  const settings = { ...defaultHandoutSettings, ...options.settings };
  const subnets = new SubnetMap(options.subnets ?? []);
  const counters = newCounters();
  const allowList = options.allowFeed === undefined
    ? undefined
    : new AllowList({ feedUrl: options.allowFeed, clock, log });
  await allowList?.refresh();
  const { publicHostname } = options;
  const swarms = new Swarms({
    settings,
    publicAddress: publicHostname !== undefined && isIP(publicHostname) !== 0
      ? publicHostname
      : undefined,
    subnets,
    clock,
    random: options.random ?? systemRandom,
    log,
    allow: (infoHash) =>
      (options.allow?.(infoHash) ?? true) && (allowList?.allows(infoHash) ?? true),
  });
  const nameOf = (infoHash: string) => allowList?.nameOf(infoHash);
  const statistics = new Statistics({ swarms, counters, settings, clock, nameOf });
  const name = publicName(options.publicHostname, hostname);
  const udp = options.udp ?? true;
  const { port, close } = await loadFrontend(options.server ?? "rollcall").then((open) =>
    listen(open, {
      hostname,
      port: options.port ?? 0,
      udp,
      swarms,
      counters,
      clock,
      pages: pages(statistics, name),
      names: new HostNames([name, hostname, ...options.hostNames ?? []]),
      log,
      onError: (cause) => log.warn("tracker: {cause}", { cause }),
    })
  ).catch(async (cause: unknown) => {
    await allowList?.close();
    throw cause;
  });
  let closing: Promise<void> | undefined;
  const authority = formatAddress(name, port);
  return {
    announceUrl: `http://${authority}/announce`,
    udpAnnounceUrl: udp ? `udp://${authority}/announce` : undefined,
    port,
    stats: () => statistics.get(),
    close() {
      closing ??= Promise.all([allowList?.close(), close()]).then(() => {});
      return closing;
    },
  };
}

/** The package and what it brings along are loaded only if it is asked for. */
async function loadFrontend(server: TrackerServerName): Promise<OpenFrontend> {
  switch (server) {
    case "rollcall":
      return openNativeFrontend;
    case "bittorrent-tracker":
      return (await import("./frontend/bittorrent_tracker/server.ts")).openBittorrentTracker;
  }
}

async function listen(open: OpenFrontend, options: FrontendOptions): Promise<Frontend> {
  for (let attempt = 1;; attempt++) {
    try {
      return await open(options);
    } catch (cause) {
      if (options.port === 0 && attempt < PORT_TRIES) continue;
      const detail = reasonOf(cause);
      throw new Error(
        `start tracker: cannot listen on ${options.hostname}:${options.port}: ${detail}`,
        { cause },
      );
    }
  }
}

function publicName(given: string | undefined, hostname: string): string {
  if (given !== undefined) return given;
  return hostname === "0.0.0.0" || hostname === "::" ? Deno.hostname() : hostname;
}
