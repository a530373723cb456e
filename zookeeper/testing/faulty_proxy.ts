/**
 * A TCP proxy between clients and a server, for tests. It breaks connections, refuses new ones, delays bytes, holds
 * back or loses replies, and records the sessions that the server grants. It knows only as much of the protocol as
 * that takes.
 *
 * @module
 */

import { systemClock } from "../clock.ts";
import type { GrantedSession } from "./expire_session.ts";

interface Pair {
  client: Deno.TcpConn;
  server: Deno.TcpConn;
}

/** The server behind a {@linkcode FaultyProxy}. */
export interface FaultyProxyOptions {
  /** The server's host. Default `127.0.0.1`. */
  hostname?: string;
  /** The server's port. */
  port: number;
}

/**
 * A proxy that passes every byte on until a test tells it otherwise.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Coordinator } from "../server/mod.ts";
 * import { hasCode, ZooKeeper } from "../mod.ts";
 *
 * const server = await Coordinator.listen();
 * const proxy = new FaultyProxy({ port: server.port });
 * const zk = new ZooKeeper(proxy.connectString);
 * await zk.connected();
 * void proxy.loseReply();
 * await assert.rejects(zk.create("/a"), (error) => hasCode(error, "CONNECTION_LOSS"));
 * assert.notEqual(await zk.exists("/a"), null); // and yet it happened
 * await zk.close();
 * await proxy.close();
 * await server.close();
 * ```
 */
export class FaultyProxy {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #target: { hostname: string; port: number };
  readonly #pairs = new Set<Pair>();
  readonly #pumps = new Set<Promise<void>>();
  readonly #accepting: Promise<void>;
  #refusing = false;
  #released: Promise<void> = Promise.resolve();
  #release = () => {};
  #closed = false;
  /** Called when bytes from the server are held back. */
  #onHeld = () => {};
  #onReplyToLose: (() => void) | undefined;
  #onRequestToCut: { bytes: number; done: () => void } | undefined;
  /** Number of connections that it has passed on. */
  accepted = 0;
  /** Delay of everything that passes, in each direction, in ms. Default 0. */
  delayMs = 0;
  /** The session that the server granted last. */
  session: GrantedSession | undefined;

  /** Listens on a free port of the loopback. A number is short for `{ port }`. */
  constructor(target: FaultyProxyOptions | number) {
    const { hostname = "127.0.0.1", port } = typeof target === "number" ? { port: target } : target;
    this.#target = { hostname, port };
    this.#accepting = this.#accept();
  }

  /** The port that it listens on. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** The connect string for a client. */
  get connectString(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Breaks every connection. */
  cut(): void {
    for (const pair of this.#pairs) {
      close(pair.client);
      close(pair.server);
    }
    this.#pairs.clear();
    this.#release();
  }

  /** Breaks every connection and closes new ones at once, until {@linkcode admit}. */
  refuse(): void {
    this.#refusing = true;
    this.cut();
  }

  /** Takes new connections again. */
  admit(): void {
    this.#refusing = false;
  }

  /** Holds back everything that the server sends, until `cut` or `releaseReplies`. Resolves once the server has sent something. */
  holdReplies(): Promise<void> {
    this.#released = new Promise((resolve) => {
      this.#release = () => {
        this.#release = () => {};
        this.#released = Promise.resolve();
        resolve();
      };
    });
    return new Promise((resolve) => this.#onHeld = resolve);
  }

  /** Passes on what was held back. */
  releaseReplies(): void {
    this.#release();
  }

  /**
   * Drops the next bytes from the server and breaks that connection: the client's request has happened, and its reply is
   * lost. Resolves when that is done.
   */
  loseReply(): Promise<void> {
    return new Promise((resolve) => this.#onReplyToLose = resolve);
  }

  /**
   * Passes on only the first `sizeBytes` of the next bytes from the client and breaks that connection: the server never
   * gets the whole request. Resolves when that is done.
   */
  cutRequestAfter(sizeBytes: number): Promise<void> {
    return new Promise((resolve) => this.#onRequestToCut = { bytes: sizeBytes, done: resolve });
  }

  /** Breaks every connection and stops listening. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#listener.close();
    this.cut();
    await this.#accepting;
    await Promise.all(this.#pumps);
  }

  async #accept(): Promise<void> {
    while (!this.#closed) {
      let client: Deno.TcpConn;
      try {
        client = await this.#listener.accept();
      } catch {
        return;
      }
      if (this.#refusing || this.#closed) {
        close(client);
        continue;
      }
      let server: Deno.TcpConn;
      try {
        server = await Deno.connect(this.#target);
      } catch {
        close(client);
        continue;
      }
      if (this.#refusing || this.#closed) {
        close(client);
        close(server);
        continue;
      }
      this.accepted++;
      const pair = { client, server };
      this.#pairs.add(pair);
      this.#run(this.#pump(pair, client, server));
      this.#run(this.#pump(pair, server, client));
    }
  }

  #run(pump: Promise<void>): void {
    this.#pumps.add(pump);
    pump.finally(() => this.#pumps.delete(pump));
  }

  async #pump(pair: Pair, from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    const isReply = from === pair.server;
    let first = true;
    try {
      for (;;) {
        const sizeBytes = await from.read(buffer);
        if (sizeBytes === null) break;
        let bytes = buffer.subarray(0, sizeBytes);
        if (this.delayMs > 0) {
          await new Promise<void>((resolve) => systemClock.after(this.delayMs, resolve));
        }
        if (isReply) {
          if (first) this.#overhear(bytes);
          else if (this.#onReplyToLose !== undefined) {
            this.#onReplyToLose();
            this.#onReplyToLose = undefined;
            break;
          }
          this.#onHeld();
          await this.#released;
        } else if (!first && this.#onRequestToCut !== undefined) {
          const { bytes: kept, done } = this.#onRequestToCut;
          this.#onRequestToCut = undefined;
          bytes = bytes.subarray(0, kept);
          await writeAll(to, bytes);
          done();
          break;
        }
        first = false;
        await writeAll(to, bytes);
      }
    } catch {
      // One side is gone, so the other one is closed, too.
    }
    close(from);
    close(to);
    this.#pairs.delete(pair);
  }

  #overhear(bytes: Uint8Array): void {
    // Length, protocol version, time-out, session id, password with its length.
    if (bytes.length < 40) return;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const id = view.getBigInt64(12);
    if (id !== 0n) this.session = { id, password: bytes.slice(24, 40) };
  }
}

async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
}

function close(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch {
    // It was closed already.
  }
}
