/**
 * The settings of a client and their defaults, in one place.
 *
 * @module
 */

import { type Clock, systemClock } from "../clock.ts";
import { type Log, silentLog } from "../log.ts";
import { type Random, systemRandom } from "../random.ts";
import type { SaslCredentials } from "./connection/sasl.ts";
import type { TlsOptions } from "./connection/dial.ts";

/** Settings of a {@linkcode ZooKeeper} client; every one has a default. */
export interface ZooKeeperOptions {
  /**
   * The session time-out to ask for, in ms; the server may grant another (see
   * {@linkcode ZooKeeper.sessionTimeoutMs}). Default 10,000: a restart of an ensemble's leader fits in.
   */
  sessionTimeoutMs?: number | undefined;
  /** Deadline of each call in ms, unless the call has its own. Default 15,000: a reconnect within the session fits in. */
  operationTimeoutMs?: number | undefined;
  /** For one attempt to connect to one server, in ms. Default: the session time-out shared among the servers, 500 to 5,000. */
  connectTimeoutMs?: number | undefined;
  /**
   * How many requests may be under way at once. Default 512: half of what a server takes from all its
   * clients together before it stops reading (globalOutstandingLimit, 1,000).
   */
  maxInFlight?: number | undefined;
  /** How many requests may wait beyond those before calls fail with `QUEUE_FULL`. Default 10,000. */
  maxQueued?: number | undefined;
  /** Default: none. */
  log?: Log | undefined;
  /** Default: the machine's. */
  clock?: Clock | undefined;
  /** For the order of the servers and the jitter of the pauses between attempts. Default: the runtime's. */
  random?: Random | undefined;
  /**
   * Speaks TLS to every server, and gives up a server whose certificate does not hold. Default: plain
   * TCP, as a server's `clientPort` expects; TLS needs its `secureClientPort`.
   */
  tls?: TlsOptions | undefined;
  /** Proves who we are with SASL's DIGEST-MD5 (RFC 2831) before anything else on each connection. Default: not at all. */
  sasl?: SaslCredentials | undefined;
}

/** The options with their defaults applied. */
export interface ZooKeeperSettings {
  sessionTimeoutMs: number;
  operationTimeoutMs: number;
  connectTimeoutMs: number;
  maxInFlight: number;
  maxQueued: number;
  log: Log;
  clock: Clock;
  random: Random;
  tls: TlsOptions | undefined;
  sasl: SaslCredentials | undefined;
}

/** Applies the defaults; the number of servers decides how long one attempt may last. */
export function settingsOf(options: ZooKeeperOptions, serverCount: number): ZooKeeperSettings {
  const {
    sessionTimeoutMs = 10_000,
    operationTimeoutMs = 15_000,
    connectTimeoutMs = Math.max(500, Math.min(5_000, sessionTimeoutMs / serverCount)),
    maxInFlight = 512,
    maxQueued = 10_000,
    log = silentLog,
    clock = systemClock,
    random = systemRandom,
    tls,
    sasl,
  } = options;
  return {
    sessionTimeoutMs,
    operationTimeoutMs,
    connectTimeoutMs,
    maxInFlight,
    maxQueued,
    log,
    clock,
    random,
    tls,
    sasl,
  };
}
