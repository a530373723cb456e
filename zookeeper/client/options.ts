/**
 * The settings of a client and their defaults, in one place.
 *
 * @module
 */

import { type Clock, systemClock } from "../clock.ts";
import { type Log, silentLog } from "../log.ts";
import { type Random, systemRandom } from "../random.ts";
import type { SaslCredentials } from "./connection/sasl.ts";
import { type Dial, socketDial, type TlsOptions } from "./connection/dial.ts";

/** Settings of a {@linkcode ZooKeeper} client; every one has a default. */
export interface ZooKeeperOptions {
  /**
   * The session time-out to ask for, in ms; the server may grant another (see
   * {@linkcode ZooKeeper.sessionTimeoutMs}). Default 10,000: long enough for an ensemble to elect a new leader.
   */
  sessionTimeoutMs?: number | undefined;
  /** Deadline of each call in ms, unless the call has its own. Default 15,000: long enough to reconnect within the session. */
  operationTimeoutMs?: number | undefined;
  /** Time-out of one attempt to connect to one server, in ms. Default: the session time-out divided by the number of servers, 500 to 5,000. */
  connectTimeoutMs?: number | undefined;
  /**
   * Requests in flight at once. Default 512: half of what a server accepts from all its clients together before it stops
   * reading (globalOutstandingLimit, 1,000).
   */
  maxInFlight?: number | undefined;
  /** Requests that may wait beyond those; further calls fail with `QUEUE_FULL`. Default 10,000. */
  maxQueued?: number | undefined;
  /** Logger. Default: none. */
  log?: Log | undefined;
  /** Source of time. Default: the machine's clock. */
  clock?: Clock | undefined;
  /** Random source for the order of the servers and for the jitter of the pauses. Default: the runtime's. */
  random?: Random | undefined;
  /**
   * Settings of TLS, which is then used with every server; a server whose certificate is not valid is refused. Default:
   * plain TCP, as a server's `clientPort` expects; TLS needs its `secureClientPort`.
   */
  tls?: TlsOptions | undefined;
  /**
   * Opens a connection to a server, for example over a network in memory; then `tls` has no meaning. Default: a socket.
   */
  dial?: Dial | undefined;
  /** Credentials for SASL DIGEST-MD5 (RFC 2831), which then begins each connection. Default: none. */
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
  dial: Dial;
  sasl: SaslCredentials | undefined;
}

/** Applies the defaults. The number of servers gives the default time-out of one attempt to connect. */
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
    dial = socketDial(tls),
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
    dial,
    sasl,
  };
}
