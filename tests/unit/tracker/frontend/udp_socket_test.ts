/** The loop that receives and answers datagrams, on a connection that fails as told. */

import assert from "node:assert/strict";
import { systemClock } from "../../../../base/clock.ts";
import {
  type DatagramConn,
  listenUdp,
  serveDatagrams,
} from "../../../../tracker/frontend/udp_socket.ts";

const FROM: Deno.NetAddr = { transport: "udp", hostname: "10.0.0.1", port: 7 };
const failure = new Error("receive: ENOBUFS");

/** A connection of which each receive takes the next outcome; after the last one it is closed. */
function setUp(outcomes: readonly ("fails" | "datagram")[]) {
  const closing = new AbortController();
  const pauses: number[] = [];
  const errors: unknown[] = [];
  const sent: Uint8Array[] = [];
  let at = 0;
  const conn: DatagramConn = {
    addr: FROM,
    receive(buffer) {
      const outcome = outcomes[at++];
      if (outcome === undefined) closing.abort();
      return outcome === "datagram"
        ? Promise.resolve([buffer.subarray(0, 3), FROM])
        : Promise.reject(failure);
    },
    send(bytes) {
      sent.push(bytes);
      return Promise.resolve(bytes.length);
    },
    close() {},
  };
  const run = (answer: () => Uint8Array | undefined) =>
    serveDatagrams(conn, {
      answer,
      onError: (error) => errors.push(error),
      signal: closing.signal,
      clock: {
        ...systemClock,
        after(delayMs, callback) {
          pauses.push(delayMs);
          queueMicrotask(callback);
          return () => {};
        },
      },
    });
  return { run, conn, closing, pauses, errors, sent };
}

Deno.test("serveDatagrams: a socket that fails for good is asked ever less often, up to once a second", async () => {
  const { run, pauses, errors } = setUp(new Array(12).fill("fails"));
  await run(() => undefined);
  assert.deepEqual(pauses, [10, 20, 40, 80, 160, 320, 640, 1000, 1000, 1000, 1000]);
  assert.equal(errors.length, 12, "each failure is told");
});

Deno.test("serveDatagrams: one failure makes no pause, and a datagram begins the count anew", async () => {
  const { run, pauses, sent } = setUp(["fails", "datagram", "fails", "fails", "datagram", "fails"]);
  await run(() => new Uint8Array(1));
  assert.deepEqual(pauses, [10]);
  assert.equal(sent.length, 2);
});

Deno.test("serveDatagrams: a datagram that cannot be answered is told, and makes no pause", async () => {
  const { run, pauses, errors, sent } = setUp(["datagram", "datagram", "datagram"]);
  let asked = 0;
  await run(() => {
    if (++asked < 3) throw failure;
    return new Uint8Array(1);
  });
  assert.deepEqual([pauses, errors.length, sent.length], [[], 2, 1]);
});

Deno.test("serveDatagrams: closing ends a pause at once", async () => {
  const { conn, closing } = setUp(new Array(1000).fill("fails"));
  let failures = 0;
  // With the system's own clock: a pause that nothing ends would leave a timer, which the sanitizer finds.
  await serveDatagrams(conn, {
    answer: () => undefined,
    onError() {
      if (++failures === 2) queueMicrotask(() => closing.abort());
    },
    signal: closing.signal,
  });
  assert.equal(failures, 2);
});

Deno.test("listenUdp: answers on a real socket, and closes", async () => {
  const socket = await listenUdp({
    hostname: "127.0.0.1",
    port: 0,
    answer: (datagram) => datagram.slice().reverse(),
    onError: (error) => assert.fail(String(error)),
  });
  const client = Deno.listenDatagram({ hostname: "127.0.0.1", port: 0, transport: "udp" });
  try {
    await client.send(new Uint8Array([1, 2, 3]), {
      transport: "udp",
      hostname: "127.0.0.1",
      port: socket.port,
    });
    const [reply] = await client.receive();
    assert.deepEqual([...reply], [3, 2, 1]);
  } finally {
    client.close();
    await socket.close();
  }
});
