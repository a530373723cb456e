/** The HTTP server on loopback, with clients that behave and such that do not. */

import assert from "node:assert/strict";
import {
  fetchHandler,
  type HttpHandler,
  type HttpLimits,
  HttpServer,
  textResponse,
} from "../../../http/mod.ts";
import { ManualClock } from "../../support/manual_clock.ts";

interface Served extends AsyncDisposable {
  readonly server: HttpServer;
  readonly url: string;
  readonly clock: ManualClock;
  readonly lines: string[];
}

function serve(
  handler: HttpHandler,
  limits: Partial<HttpLimits> = {},
): Served {
  const clock = new ManualClock();
  const lines: string[] = [];
  const note = (message: string) => void lines.push(message);
  const server = HttpServer.listen({
    name: "test",
    hostname: "127.0.0.1",
    port: 0,
    handler,
    log: { warn: note, error: note },
    clock,
    limits,
  });
  return {
    server,
    url: `http://127.0.0.1:${server.port}`,
    clock,
    lines,
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** A connection that a test writes to byte by byte. */
class RawClient implements AsyncDisposable {
  readonly #connection: Deno.TcpConn;
  readonly #ended: Promise<string>;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
    this.#ended = this.#readAll();
  }

  /** What has been answered so far. */
  received = "";

  async #readAll(): Promise<string> {
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(65_536);
    try {
      for (let size = 0; size !== null;) {
        this.received += decoder.decode(buffer.subarray(0, size), { stream: true });
        size = await this.#connection.read(buffer) as number;
      }
    } catch {
      // A connection that is reset ends as well.
    }
    return this.received;
  }

  static async connect({ server }: Served, text = ""): Promise<RawClient> {
    const client = new RawClient(await Deno.connect({ hostname: "127.0.0.1", port: server.port }));
    if (text !== "") await client.send(text);
    return client;
  }

  async send(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
  }

  /** All that was answered until the server ended the connection. */
  get ended(): Promise<string> {
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#connection.close();
    } catch {
      // It is closed already.
    }
    await this.#ended;
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let look = 0; !condition(); look++) {
    assert.ok(look < 1_000, "expected it to hold within 10 s");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const HELLO = () => textResponse(200, "hello\n");

Deno.test("HttpServer: answers GET and HEAD over one connection, several requests at once too", async () => {
  await using served = serve(({ method, target }) => textResponse(200, `${method} ${target}\n`));
  assert.equal(await (await fetch(`${served.url}/a?b`)).text(), "GET /a?b\n");
  await using client = await RawClient.connect(
    served,
    "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nHEAD /2 HTTP/1.1\r\nHost: a\r\n\r\n" +
      "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  );
  const text = await client.ended;
  assert.equal(text.match(/HTTP\/1\.1 200 OK/g)?.length, 3);
  assert.match(text, /\r\n\r\nGET \/1\nHTTP/);
  assert.match(
    text,
    /content-length: 8\r\n[^]*?\r\n\r\nHTTP\/1\.1 200 OK[^]*connection: close\r\n\r\nGET \/3\n$/,
  );
});

Deno.test("HttpServer: a body of megabytes arrives whole, also to a client that reads slowly", async () => {
  const body = crypto.getRandomValues(new Uint8Array(65_536)).toHex().repeat(64);
  await using served = serve(() => textResponse(200, body));
  const [one, other] = await Promise.all([fetch(served.url), fetch(served.url)]);
  assert.equal(await one.text(), body);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(await other.text(), body);
});

Deno.test("HttpServer: fetchHandler serves web-standard requests, and what they throw is status 500", async () => {
  await using served = serve(fetchHandler((request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/fail") throw new Error("broken");
    return new Response(`${request.headers.get("x-name")} ${pathname}`, {
      status: 201,
      headers: { "x-own": "yes" },
    });
  }));
  const response = await fetch(`${served.url}/path`, { headers: { "X-Name": "value" } });
  assert.deepEqual([response.status, response.headers.get("x-own")], [201, "yes"]);
  assert.equal(await response.text(), "value /path");
  const failed = await fetch(`${served.url}/fail`);
  assert.deepEqual([failed.status, await failed.text()], [500, "internal error\n"]);
  assert.match(served.lines.join(), /a request failed/);
});

Deno.test("HttpServer: what is no request, or too long, is refused, and the connection ends", async () => {
  await using served = serve(HELLO, { maxHeadBytes: 4_096 });
  const cases: [string, RegExp][] = [
    ["hello\r\n\r\n", /^HTTP\/1\.1 400 /],
    [
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
      /^HTTP\/1\.1 405 [^]*allow: GET, HEAD\r\n/,
    ],
    [`GET /${"a".repeat(5_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, /^HTTP\/1\.1 431 /],
    ["\0".repeat(100_000), /^HTTP\/1\.1 431 |^$/],
  ];
  for (const [text, expected] of cases) {
    await using client = await RawClient.connect(served);
    await client.send(text).catch(() => {});
    assert.match(await client.ended, expected);
  }
  await until(() => served.server.connectionCount === 0);
});

Deno.test("HttpServer: half a request is dropped after its time, an idle connection after its own, and told once", async () => {
  await using served = serve(HELLO, { headTimeoutMs: 5_000, idleTimeoutMs: 20_000 });
  const halves = await Promise.all(
    Array.from({ length: 20 }, () => RawClient.connect(served, "GET / HTTP/1.1\r\nHost: a")),
  );
  await using idle = await RawClient.connect(served, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await until(() => served.server.connectionCount === 21 && idle.received.endsWith("hello\n"));
  // Its next request is awaited only when the response has been written.
  await new Promise((resolve) => setTimeout(resolve, 20));
  served.clock.advance(4_000);
  assert.equal(served.server.connectionCount, 21);
  served.clock.advance(2_000);
  await Promise.all(halves.map((half) => half.ended));
  await until(() => served.server.connectionCount === 1);
  served.clock.advance(20_000);
  assert.match(await idle.ended, /hello\n$/);
  await until(() => served.server.connectionCount === 0);
  assert.equal(served.lines.length, 1, served.lines.join("\n"));
  for (const half of halves) await half[Symbol.asyncDispose]();
});

Deno.test("HttpServer: a client that does not read its response is dropped", async () => {
  await using served = serve(() => textResponse(200, "x".repeat(64 * 1024 * 1024)));
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: served.server.port });
  await connection.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  await until(() => served.server.connectionCount === 1);
  // Its buffers fill up, and then nothing is accepted any more.
  await new Promise((resolve) => setTimeout(resolve, 300));
  served.clock.advance(60_000);
  await until(() => served.server.connectionCount === 0);
  connection.close();
});

Deno.test("HttpServer: one address has its bound, beyond which its oldest idle connection gives way", async () => {
  await using served = serve(HELLO, { maxConnectionsPerAddress: 8 });
  const flood: RawClient[] = [];
  for (let count = 0; count < 100; count++) flood.push(await RawClient.connect(served, "GET /"));
  assert.equal(await (await fetch(served.url)).text(), "hello\n");
  await until(() => served.server.connectionCount <= 8);
  assert.equal(served.lines.length, 1, served.lines.join("\n"));
  assert.match(served.lines[0] ?? "", /drops a connection of .* has \{limit\} already/);
  for (const client of flood) await client[Symbol.asyncDispose]();
});

Deno.test("HttpServer: all together have their bound as well", async () => {
  await using served = serve(HELLO, { maxConnections: 8 });
  const flood: RawClient[] = [];
  for (let count = 0; count < 50; count++) flood.push(await RawClient.connect(served, "GET /"));
  assert.equal(await (await fetch(served.url)).text(), "hello\n");
  await until(() => served.server.connectionCount <= 8);
  for (const client of flood) await client[Symbol.asyncDispose]();
});

Deno.test("HttpServer: connections whose responses are under way do not give way", async () => {
  const held = Promise.withResolvers<void>();
  await using served = serve(async () => {
    await held.promise;
    return textResponse(200, "at last\n");
  }, { maxConnectionsPerAddress: 2 });
  const asked = [fetch(served.url), fetch(served.url)];
  await until(() => served.server.connectionCount === 2);
  await using late = await RawClient.connect(served, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.equal(await late.ended, "");
  held.resolve();
  for (const response of await Promise.all(asked)) assert.equal(await response.text(), "at last\n");
});

Deno.test("HttpServer: close lets a response be sent, and ends every connection", async () => {
  const begun = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const served = serve(async () => {
    begun.resolve();
    await held.promise;
    return textResponse(200, "at last\n");
  });
  await using idle = await RawClient.connect(served);
  const asked = fetch(served.url);
  await begun.promise;
  const closed = served.server.close();
  assert.equal(await idle.ended, "");
  held.resolve();
  assert.equal(await (await asked).text(), "at last\n");
  await closed;
  await assert.rejects(fetch(served.url));
});
