import assert from "node:assert/strict";
import { ActorSystem, ask } from "../../../../../actors/runtime/mod.ts";
import {
  type Peer,
  RemoteError,
  RemoteNode,
  tcpTransport,
  tlsTransport,
  type Transport,
} from "../../../../../actors/runtime/remote/mod.ts";
import { makeCertificate } from "../fixtures/certificates.ts";
import { counter, counterActor } from "../fixtures/counter_contract.ts";

const WAIT_MS = 20_000;
/** Attempts follow each other at once: the tests look at how they end. */
const limits = { initialBackoffMs: 10, maxBackoffMs: 20 };
const forThisHost = await makeCertificate("IP:127.0.0.1");

/** A node that exports a counter over TLS, and a way to dial it. */
async function withServer(
  { cert, key }: { readonly cert: string; readonly key: string },
  test: (url: string, connect: (url: string, transport: Transport) => Peer) => Promise<void>,
): Promise<void> {
  const there = ActorSystem.create({ name: "there" });
  const systems = [there];
  const node = RemoteNode.create({ system: there, transport: tlsTransport({ cert, key }) });
  node.export(counter, there.spawn("counter", counterActor));
  try {
    await test(node.listen("tls://127.0.0.1:0"), (url, transport) => {
      const here = ActorSystem.create({ name: "here" });
      systems.push(here);
      return RemoteNode.create({ system: here, transport, limits }).connect(url);
    });
  } finally {
    await Promise.all(systems.map((system) => system.stop()));
  }
}

/** Adds and asks over a peer that is ready. */
async function use(peer: Peer): Promise<void> {
  await peer.ready({ timeoutMs: WAIT_MS });
  const ref = peer.ref(counter);
  const sum = () => ask(ref, (replyTo) => ({ type: "sum", replyTo }), { timeoutMs: WAIT_MS });
  const before = await sum();
  for (let count = 1; count < 10; count++) {
    assert.equal(ref.tell({ type: "add", count }), "accepted");
  }
  assert.equal(await sum() - before, 45);
}

/** Passes a connection on, and keeps what went by. */
function startWiretap(to: string): { url: string; heard: () => string; close: () => void } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const heard: string[] = [];
  const tap = () =>
    new TransformStream<Uint8Array, Uint8Array>({
      transform(bytes, controller) {
        heard.push(new TextDecoder("latin1").decode(bytes));
        controller.enqueue(bytes);
      },
    });
  (async () => {
    for await (const near of listener) {
      const { hostname, port } = new URL(to.replace("tls:", "http:"));
      const far = await Deno.connect({ hostname, port: Number(port) });
      near.readable.pipeThrough(tap()).pipeTo(far.writable).catch(() => {});
      far.readable.pipeThrough(tap()).pipeTo(near.writable).catch(() => {});
    }
  })().catch(() => {});
  return {
    url: `tls://127.0.0.1:${listener.addr.port}`,
    heard: () => heard.join(""),
    close: () => listener.close(),
  };
}

function failsBecauseOf(pattern: RegExp) {
  return (error: unknown) =>
    error instanceof RemoteError && error.code === "unreachable" &&
    error.cause instanceof Error && pattern.test(error.cause.message);
}

Deno.test("R14: over TLS references are as over TCP, and nobody on the way reads them", () =>
  withServer(forThisHost, async (url, connect) => {
    assert.match(url, /^tls:\/\/127\.0\.0\.1:\d+$/);
    const wiretap = startWiretap(url);
    try {
      await use(connect(wiretap.url, tlsTransport({ caCerts: [forThisHost.ca] })));
      const heard = wiretap.heard();
      assert.ok(heard.length > 500);
      for (const word of ["hello", "counter", "add"]) assert.ok(!heard.includes(`"${word}"`), word);
    } finally {
      wiretap.close();
    }
  }));

Deno.test("R14: a node whose authority is not trusted is not spoken to, and serves others", () =>
  withServer(forThisHost, async (url, connect) => {
    const { ca } = await makeCertificate("IP:127.0.0.1");
    for (const caCerts of [[], [ca]]) {
      await assert.rejects(
        connect(url, tlsTransport({ caCerts })).ready({ timeoutMs: 500 }),
        failsBecauseOf(/invalid peer certificate/),
      );
    }
    await use(connect(url, tlsTransport({ caCerts: [forThisHost.ca] })));
  }));

Deno.test("R14: a node with a certificate for another name is not spoken to", async () => {
  const forAnother = await makeCertificate("DNS:web-2.example.com");
  await withServer(forAnother, async (url, connect) => {
    await assert.rejects(
      connect(url, tlsTransport({ caCerts: [forAnother.ca] })).ready({ timeoutMs: 500 }),
      failsBecauseOf(/certificate not valid for name/),
    );
  });
});

Deno.test("R14: one who speaks no TLS, or nothing at all, holds up nobody else", () =>
  withServer(forThisHost, async (url, connect) => {
    const { hostname, port } = new URL(url.replace("tls:", "http:"));
    const silent = await Deno.connect({ hostname, port: Number(port) });
    const plain = connect(url.replace("tls:", "tcp:"), tcpTransport);
    await assert.rejects(plain.ready({ timeoutMs: 500 }), { code: "unreachable" });
    await use(connect(url, tlsTransport({ caCerts: [forThisHost.ca] })));
    silent.close();
  }));

Deno.test("R14: a dial to one who does not shake hands ends with its node", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept();
  const system = ActorSystem.create({ name: "here" });
  const node = RemoteNode.create({ system, transport: tlsTransport({}) });
  node.connect(`tls://127.0.0.1:${listener.addr.port}`);
  const conn = await accepted;
  await system.stop();
  conn.close();
  listener.close();
});

Deno.test("R14: to listen takes a certificate and a URL of TLS", async () => {
  const system = ActorSystem.create({ name: "here" });
  const { cert, key } = forThisHost;
  const listen = (url: string, options: Parameters<typeof tlsTransport>[0]) =>
    tlsTransport(options).listen(url);
  assert.throws(() => listen("tls://127.0.0.1:0", { cert }), { code: "invalid_option" });
  assert.throws(() => listen("tls://127.0.0.1:0", {}), { code: "invalid_option" });
  assert.throws(() => listen("tcp://127.0.0.1:0", { cert, key }), { code: "invalid_option" });
  await assert.rejects(
    tlsTransport({}).dial("tcp://127.0.0.1:1", AbortSignal.timeout(1_000)),
    { code: "invalid_option" },
  );
  await system.stop();
});
