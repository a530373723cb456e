/**
 * The settings of the coordinator and their defaults, in one place.
 *
 * @module
 */

import { type Clock, systemClock } from "../clock.ts";
import { type Log, silentLog } from "../log.ts";
import { type RandomBytes, secureRandomBytes } from "../random.ts";
import type { Storage } from "./storage/storage.ts";

/** The address of the page for people. */
export interface AdminAddress {
  /** Address to listen on. Default `127.0.0.1`: only this machine, and only requests for a name of the loopback are answered. */
  hostname?: string | undefined;
  /** Port to listen on. Default 0: any free port. */
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
  /** Address to listen on. Default `127.0.0.1`: only this machine. */
  hostname?: string | undefined;
  /** Port to listen on. Default 0: any free port. */
  port?: number | undefined;
  /** Folder of the data. Default: none, the data is lost when the process ends. */
  dataDir?: string | undefined;
  /** A storage instead of `dataDir`; it is closed with the coordinator. */
  storage?: Storage | undefined;
  /**
   * Address of the page for people. Default: the page is not served. It shows names and the data that everybody may read,
   * and changes nothing.
   */
  admin?: AdminAddress | undefined;
  /** Interval at which sessions are checked, in ms. Default 500. A session time-out is at least two ticks. */
  tickTimeMs?: number | undefined;
  /** The longest session time-out that is granted, in ms. Default 60,000. */
  maxSessionTimeoutMs?: number | undefined;
  /** Most connections at once; further ones are closed. Default 4,096: below the usual raised limit of open files. */
  maxConnections?: number | undefined;
  /**
   * Most bytes of watch events that a client may leave unread before it is disconnected. Default 16 MiB: some 200,000
   * events. Replies need no such limit: no request is executed while more than 1 MiB is unread.
   */
  maxOutputBytes?: number | undefined;
  /**
   * Interval at which containers that have become empty and nodes whose time to live is over are deleted, in ms. Default
   * 60,000, as in ZooKeeper.
   */
  containerCheckMs?: number | undefined;
  /**
   * Whether what exceeds a hard quota is refused (`QUOTA_EXCEEDED`). Default false, as in ZooKeeper: quotas are counted,
   * and what exceeds one is logged.
   */
  enforceQuota?: boolean | undefined;
  /** Logger. Default: none. */
  log?: Log | undefined;
  /** Source of time. Default: the machine's clock. */
  clock?: Clock | undefined;
  /** Source of session ids and passwords, for tests that repeat a run. Default: the system's, which nobody can guess. */
  randomBytes?: RandomBytes | undefined;
}

/** The options with their defaults applied, without those that only the start needs. */
export interface CoordinatorSettings {
  tickTimeMs: number;
  maxSessionTimeoutMs: number;
  maxConnections: number;
  maxOutputBytes: number;
  containerCheckMs: number;
  enforceQuota: boolean;
  log: Log;
  clock: Clock;
  randomBytes: RandomBytes;
}

/** Applies the defaults. */
export function settingsOf(options: CoordinatorOptions): CoordinatorSettings {
  const {
    tickTimeMs = 500,
    maxSessionTimeoutMs = 60_000,
    maxConnections = 4_096,
    maxOutputBytes = 16 << 20,
    containerCheckMs = 60_000,
    enforceQuota = false,
    log = silentLog,
    clock = systemClock,
    randomBytes = secureRandomBytes,
  } = options;
  return {
    tickTimeMs,
    maxSessionTimeoutMs,
    maxConnections,
    maxOutputBytes,
    containerCheckMs,
    enforceQuota,
    log,
    clock,
    randomBytes,
  };
}
