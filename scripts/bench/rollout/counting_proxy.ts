/**
 * A TCP proxy in front of a ZooKeeper server that counts what goes by: the same instrument for each contender, whatever
 * its client says about itself.
 *
 * @module
 */

import type { Counts } from "./counts.ts";
import { emptyTally, ReplyCounter, RequestCounter, type Tally } from "./frame_counter.ts";

/** Bytes that one read takes in at most: there are thousands of clients, and requests are small. */
const REQUEST_READ_BYTES = 4 * 1024;
const REPLY_READ_BYTES = 64 * 1024;

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
      await Promise.race([
        this.#pass(client, server, {
          counter: new RequestCounter(this.#tally),
          sizeBytes: REQUEST_READ_BYTES,
        }),
        this.#pass(server, client, {
          counter: new ReplyCounter(this.#tally),
          sizeBytes: REPLY_READ_BYTES,
        }),
      ]);
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

  async #pass(
    from: Deno.Conn,
    to: Deno.Conn,
    { counter, sizeBytes }: { counter: RequestCounter | ReplyCounter; sizeBytes: number },
  ): Promise<void> {
    const buffer = new Uint8Array(sizeBytes);
    for (;;) {
      const readBytes = await from.read(buffer);
      if (readBytes === null) return;
      const bytes = buffer.subarray(0, readBytes);
      // Before they are passed on: whoever has an answer finds it counted.
      counter.count(bytes);
      await writeAll(to, bytes);
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
