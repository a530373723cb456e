// A TCP proxy between a client and a server, for tests: it can cut connections, refuse new ones, and
// hold back what the server says. It also overhears the sessions that the server grants.

/** A session as the server granted it: enough to take it over. */
export interface OverheardSession {
  id: bigint;
  password: Uint8Array;
}

interface Pair {
  client: Deno.TcpConn;
  server: Deno.TcpConn;
}

export class TcpProxy {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #targetPort: number;
  readonly #pairs = new Set<Pair>();
  readonly #pumps = new Set<Promise<void>>();
  readonly #accepting: Promise<void>;
  #refusing = false;
  #released: Promise<void> = Promise.resolve();
  #release = () => {};
  #closed = false;
  /** Called when bytes from the server are held back. */
  #onHeld = () => {};
  /** How many connections it has passed on. */
  accepted = 0;
  session: OverheardSession | undefined;

  constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#accepting = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  get connectString(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Cuts every connection there is. */
  cut(): void {
    for (const pair of this.#pairs) {
      close(pair.client);
      close(pair.server);
    }
    this.#pairs.clear();
    this.#release();
  }

  /** Cuts every connection and closes new ones at once, until {@linkcode admit}. */
  refuse(): void {
    this.#refusing = true;
    this.cut();
  }

  admit(): void {
    this.#refusing = false;
  }

  /** From now on the client hears nothing; the result resolves once the server has said something. */
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
        server = await Deno.connect({ hostname: "127.0.0.1", port: this.#targetPort });
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
    let first = isReply;
    try {
      for (;;) {
        const sizeBytes = await from.read(buffer);
        if (sizeBytes === null) break;
        if (first) this.#overhear(buffer.subarray(0, sizeBytes));
        first = false;
        if (isReply) {
          this.#onHeld();
          await this.#released;
        }
        for (let rest = buffer.subarray(0, sizeBytes); rest.length > 0;) {
          rest = rest.subarray(await to.write(rest));
        }
      }
    } catch {
      // Either side has gone; so goes the other.
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

/** Ends a session at the server behind its client's back, as its expiry would. */
export async function expireSession(port: number, session: OverheardSession): Promise<void> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const request = new Uint8Array(4 + 45 + 4 + 8);
  const view = new DataView(request.buffer);
  view.setInt32(0, 45);
  view.setInt32(16, 10_000);
  view.setBigInt64(20, session.id);
  view.setInt32(28, 16);
  request.set(session.password, 32);
  view.setInt32(49, 8);
  view.setInt32(53, 1);
  view.setInt32(57, -11);
  await conn.write(request);
  const buffer = new Uint8Array(1024);
  // The server closes the connection when the session has ended.
  try {
    while (await conn.read(buffer) !== null);
  } catch {
    // A reset says the same.
  }
  close(conn);
}

function close(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch {
    // It was closed already.
  }
}
