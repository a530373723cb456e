/**
 * An HTTP/1.1 server with bounds: it accepts connections for as long as it lives, also when the process has run out of file
 * descriptors for a while, and never holds more of them than its limits say.
 *
 * @module
 */

import { type Cancel, type Clock, sleep } from "../base/clock.ts";
import { EventTally } from "../base/event_tally.ts";
import type { Log } from "../base/log.ts";
import { addressKey, withoutMapping } from "../base/ip_address.ts";
import { Connection, type ConnectionContext } from "./connection.ts";
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from "./limits.ts";
import { readIfAllowed } from "./read_if_allowed.ts";
import type { HttpHandler } from "./response.ts";

/** How {@link HttpServer.listen} serves. */
export interface HttpServerOptions {
  /** What is served, for the log: `tracker`, `feed`. */
  readonly name: string;
  readonly hostname: string;
  /** 0: any free port. */
  readonly port: number;
  readonly handler: HttpHandler;
  readonly log: Pick<Log, "warn" | "error">;
  readonly clock: Clock;
  /** Overrides of {@link DEFAULT_HTTP_LIMITS}. */
  readonly limits?: Partial<HttpLimits>;
}

/** How often connections are checked for deadlines that have passed. */
const SWEEP_INTERVAL_MS = 1_000;
/** After an accept that has failed, the next one waits this long at first; each time twice as long, up to a second. */
const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 1_000;
/** How long responses that are under way when the server is closed may take. */
const CLOSE_GRACE_MS = 5_000;
/** Part of the descriptors that connections may take; the others are for files, peers, and the runtime itself. */
const DESCRIPTOR_SHARE = 1 / 4;

/** A server that listens. */
export class HttpServer implements ConnectionContext {
  readonly limits: HttpLimits;
  readonly handler: HttpHandler;
  /** On a monotonic clock, as of the last sweep. */
  nowMs: number;
  isClosing = false;
  readonly #options: HttpServerOptions;
  readonly #tally: EventTally;
  /** The connections of each address, the oldest first. */
  readonly #byAddress = new Map<string, Set<Connection>>();
  readonly #closing = new AbortController();
  readonly #accepting: Promise<void>;
  #listener: Deno.TcpListener;
  #count = 0;
  #date = "";
  #cancelSweep: Cancel = () => {};
  #onEmpty: () => void = () => {};

  private constructor(options: HttpServerOptions, listener: Deno.TcpListener) {
    const limits = { ...DEFAULT_HTTP_LIMITS, ...options.limits };
    this.#options = options;
    this.#listener = listener;
    this.#tally = new EventTally(options);
    this.handler = options.handler;
    this.limits = { ...limits, maxConnections: Math.min(limits.maxConnections, affordable()) };
    this.nowMs = options.clock.nowMs();
    this.#sweepLater();
    this.#accepting = this.#acceptAll();
  }

  /** Listens. @throws the system's error when the address is in use or not this machine's. */
  static listen(options: HttpServerOptions): HttpServer {
    const { hostname, port } = options;
    return new HttpServer(options, Deno.listen({ hostname, port }));
  }

  /** The address that it listens on. */
  get hostname(): string {
    return this.#listener.addr.hostname;
  }

  /** The port that it listens on. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** How many connections are open. */
  get connectionCount(): number {
    return this.#count;
  }

  get date(): string {
    if (this.#date === "") {
      this.#date = new Date(this.#options.clock.wallTimeMs()).toUTCString();
    }
    return this.#date;
  }

  onError(cause: unknown): void {
    this.#options.log.error("{name}: a request failed: {cause}", {
      name: this.#options.name,
      cause,
    });
  }

  /** Stops listening, lets responses that are under way be sent, and closes all connections. A second call waits as well. */
  async close(): Promise<void> {
    if (!this.isClosing) {
      this.isClosing = true;
      this.#closing.abort();
      this.#listener.close();
      for (const connection of this.#connections()) {
        if (connection.isWaiting) connection.close();
      }
    }
    await this.#accepting;
    if (this.#count > 0) {
      const empty = new Promise<void>((resolve) => this.#onEmpty = resolve);
      const done = new AbortController();
      await Promise.race([empty, sleep(this.#options.clock, CLOSE_GRACE_MS, done.signal)]);
      done.abort();
      for (const connection of this.#connections()) connection.close();
      if (this.#count > 0) await empty;
    }
    this.#cancelSweep();
    this.#tally[Symbol.dispose]();
  }

  *#connections(): Generator<Connection> {
    for (const connections of this.#byAddress.values()) yield* connections;
  }

  async #acceptAll(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!this.isClosing) {
      try {
        const connection = await this.#listener.accept();
        pauseMs = FIRST_PAUSE_MS;
        this.#admit(connection);
      } catch (cause) {
        if (this.isClosing) return;
        await this.#recover(cause, pauseMs);
        pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
      }
    }
  }

  /** Most often there are no descriptors left: gives one back, and waits before the next accept. */
  async #recover(cause: unknown, pauseMs: number): Promise<void> {
    const { name, clock } = this.#options;
    this.#tally.note("accept", "{name}: cannot accept a connection: {cause}", { name, cause });
    this.#evict(this.#largest())?.close();
    if (!isOutOfResources(cause)) this.#listenAgain();
    await sleep(clock, pauseMs, this.#closing.signal);
  }

  /** A listener that has failed for any other reason may never accept again. */
  #listenAgain(): void {
    const { hostname, port } = this.#listener.addr;
    try {
      this.#listener.close();
    } catch {
      // It is closed already.
    }
    try {
      this.#listener = Deno.listen({ hostname, port });
    } catch {
      // Accepting fails again, and then this is tried again.
    }
  }

  #admit(accepted: Deno.TcpConn): void {
    const remoteAddress = withoutMapping(accepted.remoteAddr.hostname);
    const key = addressKey(remoteAddress);
    if (!this.#makeRoom(key)) {
      accepted.close();
      return;
    }
    const localAddress = withoutMapping(accepted.localAddr.hostname);
    const connection = new Connection(accepted, { context: this, remoteAddress, localAddress });
    const siblings = this.#byAddress.get(key) ?? new Set();
    siblings.add(connection);
    this.#byAddress.set(key, siblings);
    this.#count++;
    connection.serve().then(() => this.#remove(key, connection));
  }

  #remove(key: string, connection: Connection): void {
    const siblings = this.#byAddress.get(key);
    if (siblings === undefined || !siblings.delete(connection)) return;
    if (siblings.size === 0) this.#byAddress.delete(key);
    this.#count--;
    if (this.#count === 0) this.#onEmpty();
  }

  /** Makes room for one more connection of an address; false if there is none. */
  #makeRoom(key: string): boolean {
    const { maxConnections, maxConnectionsPerAddress } = this.limits;
    const siblings = this.#byAddress.get(key);
    if (siblings !== undefined && siblings.size >= maxConnectionsPerAddress) {
      return this.#drop(key, siblings, "it has {limit} already", maxConnectionsPerAddress);
    }
    if (this.#count < maxConnections) return true;
    const [largest, connections] = this.#largestEntry() ?? [key, undefined];
    return this.#drop(largest, connections, "all together have {limit} already", maxConnections);
  }

  #drop(
    key: string,
    connections: ReadonlySet<Connection> | undefined,
    reason: string,
    limit: number,
  ): boolean {
    const { name } = this.#options;
    const evicted = this.#evict(connections);
    this.#tally.note("full", `{name}: drops a connection of {address}: ${reason}`, {
      name,
      address: evicted?.remoteAddress ?? key,
      limit,
    });
    if (evicted === undefined) return false;
    evicted.close();
    this.#remove(key, evicted);
    return true;
  }

  /** The connection that is missed least: one that never had a response, else the one that has waited longest. */
  #evict(connections: ReadonlySet<Connection> | undefined): Connection | undefined {
    let found: Connection | undefined;
    for (const connection of connections ?? []) {
      if (!connection.isWaiting) continue;
      if (!connection.hasBeenServed) return connection;
      if (found === undefined || connection.lastActiveMs < found.lastActiveMs) found = connection;
    }
    return found;
  }

  #largest(): ReadonlySet<Connection> | undefined {
    return this.#largestEntry()?.[1];
  }

  #largestEntry(): readonly [string, ReadonlySet<Connection>] | undefined {
    let found: readonly [string, ReadonlySet<Connection>] | undefined;
    for (const entry of this.#byAddress) {
      if (found === undefined || entry[1].size > found[1].size) found = entry;
    }
    return found;
  }

  #sweepLater(): void {
    this.#cancelSweep = this.#options.clock.after(SWEEP_INTERVAL_MS, () => {
      this.nowMs = this.#options.clock.nowMs();
      this.#date = "";
      for (const connection of this.#connections()) {
        if (connection.deadlineMs <= this.nowMs) this.#expire(connection);
      }
      this.#sweepLater();
    });
  }

  #expire(connection: Connection): void {
    if (!connection.isWaiting || !connection.hasBeenServed) {
      const { name } = this.#options;
      this.#tally.note("slow", "{name}: drops a connection of {address} that is too slow", {
        name,
        address: connection.remoteAddress,
      });
    }
    connection.close();
  }
}

/** Connections that the process can afford by its limit on open files; no limit where that is not known. */
function affordable(): number {
  const [, soft] = /^Max open files\s+(\d+)/m.exec(readIfAllowed("/proc/self/limits") ?? "") ?? [];
  return soft === undefined ? Infinity : Math.max(1, Math.floor(Number(soft) * DESCRIPTOR_SHARE));
}

/** Whether accepting failed because the process or the machine has no descriptors or memory left for it, or the client has gone. */
function isOutOfResources(cause: unknown): boolean {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "ECONNABORTED"].includes(String(code));
}
