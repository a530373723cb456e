/** The client and the coordinator over connections that no socket carries, in a time that the test moves. */

import assert from "node:assert/strict";
import { VirtualClock } from "../../../../actors/runtime/mod.ts";
import { type ByteStream, type Dial, ZooKeeper } from "../../../../zookeeper/mod.ts";
import { Coordinator } from "../../../../zookeeper/server/mod.ts";

/** Two ends of a connection in memory: what one writes, the other reads. */
function streamPair(): [ByteStream, ByteStream] {
  const toServer = new Pipe();
  const toClient = new Pipe();
  return [new PairedStream(toClient, toServer), new PairedStream(toServer, toClient)];
}

class Pipe {
  #bytes: Uint8Array[] = [];
  #wake = () => {};
  #isClosed = false;

  push(bytes: Uint8Array): void {
    this.#bytes.push(bytes.slice());
    this.#wake();
  }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  async take(buffer: Uint8Array): Promise<number | null> {
    while (this.#bytes.length === 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const [first] = this.#bytes;
    if (first === undefined) return null;
    const count = Math.min(first.length, buffer.length);
    buffer.set(first.subarray(0, count));
    if (count === first.length) this.#bytes.shift();
    else this.#bytes[0] = first.subarray(count);
    return count;
  }
}

class PairedStream implements ByteStream {
  constructor(readonly incoming: Pipe, readonly outgoing: Pipe) {}

  read(buffer: Uint8Array): Promise<number | null> {
    return this.incoming.take(buffer);
  }

  write(bytes: Uint8Array): Promise<number> {
    this.outgoing.push(bytes);
    return Promise.resolve(bytes.length);
  }

  close(): void {
    this.incoming.close();
    this.outgoing.close();
  }
}

interface Bench {
  readonly clock: VirtualClock;
  readonly coordinator: Coordinator;
  readonly streams: ByteStream[];
  readonly zk: ZooKeeper;
  readonly network: { isDown: boolean };
}

async function run(test: (bench: Bench) => Promise<void>): Promise<void> {
  const clock = new VirtualClock();
  const coordinator = await Coordinator.listen({
    clock,
    maxConnections: 1,
    randomBytes: (sizeBytes) => new Uint8Array(sizeBytes).fill(7),
  });
  const streams: ByteStream[] = [];
  const network = { isDown: false };
  const dial: Dial = ({ hostname, port }) => {
    if (network.isDown) return Promise.reject(new Error("the network is down"));
    const [client, server] = streamPair();
    streams.push(client);
    coordinator.attach(server, { hostname, port });
    return Promise.resolve(client);
  };
  const zk = new ZooKeeper("memory:1", { clock, dial, sessionTimeoutMs: 4_000 });
  try {
    await clock.settle();
    await test({ clock, coordinator, streams, zk, network });
  } finally {
    await Promise.all([zk.close(), clock.advance(5_000)]);
    await coordinator.close();
  }
}

Deno.test("attach: a client is served over a connection that was handed in, and its watches fire", () =>
  run(async ({ zk, clock }) => {
    assert.equal(zk.state, "connected");
    // Ids come from the bytes that were handed in.
    assert.equal(zk.sessionId, 0x0707_0707_0707_0707n);
    const heard: string[] = [];
    await zk.create("/a", "1", { mode: "ephemeral" });
    await zk.exists("/a", { watch: ({ type }) => heard.push(type) });
    await zk.set("/a", "2");
    await clock.settle();
    assert.deepEqual(heard, ["data_changed"]);
  }));

Deno.test("attach: a client whose connection breaks goes on in its session over the next one", () =>
  run(async ({ zk, clock, streams }) => {
    const { sessionId } = zk;
    await zk.create("/a", "1", { mode: "ephemeral" });
    streams[0]?.close();
    await clock.advance(1_000);
    assert.equal(zk.sessionId, sessionId);
    assert.equal(streams.length, 2);
    assert.equal((await zk.exists("/a"))?.ephemeralOwner, sessionId);
  }));

Deno.test("attach: a session ends when its time has passed on the clock that was handed in", () =>
  run(async ({ zk, clock, streams, network }) => {
    await zk.create("/a", "1", { mode: "ephemeral" });
    network.isDown = true;
    streams[0]?.close();
    await clock.advance(10_000);
    network.isDown = false;
    await clock.advance(3_000);
    assert.equal(zk.state, "connected");
    assert.equal(await zk.exists("/a"), null);
  }));

Deno.test("attach: refuses one client too many, and any after the end, by closing the connection", async () => {
  let ended: Coordinator | undefined;
  await run(async ({ coordinator }) => {
    ended = coordinator;
    const [client, server] = streamPair();
    assert.equal(coordinator.attach(server, { hostname: "memory", port: 2 }), false);
    assert.equal(await client.read(new Uint8Array(1)), null);
  });
  const [client, server] = streamPair();
  assert.equal(ended?.attach(server, { hostname: "memory", port: 3 }), false);
  assert.equal(await client.read(new Uint8Array(1)), null);
});
