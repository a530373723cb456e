/**
 * A TCP proxy in front of a ZooKeeper server that counts what goes by: the same instrument for each contender, whatever
 * its client says about itself.
 *
 * @module
 */

import { FrameBuffer } from "../../../zookeeper/wire/frame_buffer.ts";
import { maxRequestSizeBytes } from "../../../zookeeper/wire/protocol.ts";
import type { Counts } from "./counts.ts";
import {
  countGreeting,
  countRequest,
  emptyTally,
  ReplyCounter,
  type Tally,
} from "./frame_counter.ts";

/** Bytes that one read of a server's replies takes in at most. */
const REPLY_READ_BYTES = 64 * 1024;

/** First size of the buffer for a client's requests: there are thousands of clients, and requests are small. */
const REQUEST_BUFFER_BYTES = 4 * 1024;

/** A proxy that counts. */
export class CountingProxy {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #targetPort: number;
  readonly #tally: Tally = emptyTally();
  readonly #connections = new Set<Deno.Conn>();
  readonly #work = new Set<Promise<void>>();
  readonly #accepting: Promise<void>;

  /** Listens on a free port of the loopback, for a server on another one. */
  constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#accepting = this.#accept();
  }

  /** The connect string for a client. */
  get connectString(): string {
    return `127.0.0.1:${this.#listener.addr.port}`;
  }

  /** What has gone by so far. */
  counts(): Counts {
    return { ...this.#tally };
  }

  /** Breaks all connections and stops listening. */
  async close(): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections) closeQuietly(connection);
    await this.#accepting;
    await Promise.all(this.#work);
  }

  async #accept(): Promise<void> {
    for (;;) {
      let client: Deno.TcpConn;
      try {
        client = await this.#listener.accept();
      } catch {
        // It does not listen any more.
        return;
      }
      const work = this.#serve(client).finally(() => this.#work.delete(work));
      this.#work.add(work);
    }
  }

  async #serve(client: Deno.TcpConn): Promise<void> {
    this.#connections.add(client);
    let server: Deno.TcpConn | null = null;
    try {
      server = await Deno.connect({ hostname: "127.0.0.1", port: this.#targetPort });
      this.#connections.add(server);
      client.setNoDelay(true);
      server.setNoDelay(true);
      // When one side is over, so is the other.
      await Promise.race([this.#passRequests(client, server), this.#passReplies(server, client)]);
    } catch {
      // One of the two has gone, and the other one is told by the end of its connection.
    } finally {
      for (const connection of [client, server]) {
        if (connection === null) continue;
        this.#connections.delete(connection);
        closeQuietly(connection);
      }
    }
  }

  async #passRequests(client: Deno.Conn, server: Deno.Conn): Promise<void> {
    const frames = new FrameBuffer({
      maxFrameSizeBytes: maxRequestSizeBytes,
      initialSizeBytes: REQUEST_BUFFER_BYTES,
    });
    let isGreeted = false;
    for (;;) {
      const space = frames.space();
      const sizeBytes = await client.read(space);
      if (sizeBytes === null) return;
      await writeAll(server, space.subarray(0, sizeBytes));
      frames.received(sizeBytes);
      for (let frame = frames.next(); frame !== undefined; frame = frames.next()) {
        if (isGreeted) countRequest(this.#tally, frame);
        else countGreeting(this.#tally, frame);
        isGreeted = true;
      }
    }
  }

  async #passReplies(server: Deno.Conn, client: Deno.Conn): Promise<void> {
    const buffer = new Uint8Array(REPLY_READ_BYTES);
    const counter = new ReplyCounter(this.#tally);
    for (;;) {
      const sizeBytes = await server.read(buffer);
      if (sizeBytes === null) return;
      const bytes = buffer.subarray(0, sizeBytes);
      counter.count(bytes);
      await writeAll(client, bytes);
    }
  }
}

async function writeAll(to: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await to.write(rest));
}

function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It was closed already.
  }
}
