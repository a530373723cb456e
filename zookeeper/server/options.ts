// The settings of the coordinator and their defaults, in one place.
import { type Clock, systemClock } from "../clock.ts";
import { type Log, silentLog } from "../log.ts";
import type { Storage } from "./storage/storage.ts";

/** Where the page for people is served. */
export interface AdminAddress {
  /** Default `127.0.0.1`: nobody from outside. There it answers only to the names of the loopback. */
  hostname?: string | undefined;
  /** Default 0: any free port. */
  port?: number | undefined;
  /** What serves the page over HTTP. Default: `Deno.serve`, which sets no limits to its clients. */
  serve?: ServeHttp | undefined;
}

/** Serves a handler over HTTP on an address until it is closed; throws if it cannot listen there. */
export type ServeHttp = (
  address: { readonly hostname: string; readonly port: number },
  handler: (request: Request) => Response | Promise<Response>,
) => { readonly hostname: string; readonly port: number; close(): Promise<void> };

/** Settings of {@linkcode Coordinator.listen}; every one has a default. */
export interface CoordinatorOptions {
  /** Default `127.0.0.1`: nobody from outside. */
  hostname?: string | undefined;
  /** Default 0: any free port. */
  port?: number | undefined;
  /** Where to keep the data. Default: nowhere, it ends with the process. */
  dataDir?: string | undefined;
  /** Another place to keep the data, in place of `dataDir`; it is closed with the coordinator. */
  storage?: Storage | undefined;
  /**
   * Where to serve the page for people. Default: nowhere. It shows names and the data that everybody may read,
   * and changes nothing.
   */
  admin?: AdminAddress | undefined;
  /** How often sessions are looked at, in ms. Default 500. A session lasts at least two ticks. */
  tickTimeMs?: number | undefined;
  /** The longest session time-out that is granted, in ms. Default 60,000. */
  maxSessionTimeoutMs?: number | undefined;
  /** Clients at once; more are turned away. Default 4,096, well within a usual limit of open files when raised. */
  maxConnections?: number | undefined;
  /** A client with more unread output than this is cut off, in bytes. Default 16 MiB: sixteen of the largest nodes. */
  maxOutputBytes?: number | undefined;
  /**
   * How often the coordinator looks for containers that have become empty and for nodes whose time to live
   * is over, in ms. Default 60,000, as in ZooKeeper.
   */
  containerCheckMs?: number | undefined;
  /** Default: none. */
  log?: Log | undefined;
  /** Default: the machine's. */
  clock?: Clock | undefined;
}

/** The options with their defaults applied, without those that only the start needs. */
export interface CoordinatorSettings {
  tickTimeMs: number;
  maxSessionTimeoutMs: number;
  maxConnections: number;
  maxOutputBytes: number;
  containerCheckMs: number;
  log: Log;
  clock: Clock;
}

/** Applies the defaults. */
export function settingsOf(options: CoordinatorOptions): CoordinatorSettings {
  const {
    tickTimeMs = 500,
    maxSessionTimeoutMs = 60_000,
    maxConnections = 4_096,
    maxOutputBytes = 16 << 20,
    containerCheckMs = 60_000,
    log = silentLog,
    clock = systemClock,
  } = options;
  return {
    tickTimeMs,
    maxSessionTimeoutMs,
    maxConnections,
    maxOutputBytes,
    containerCheckMs,
    log,
    clock,
  };
}
