// The embedded coordinator and clients that read slowly, not at all, or send no more.
import assert from "node:assert/strict";
import { Coordinator } from "../../../../zookeeper/server/mod.ts";
import { ZooKeeper } from "../../../../zookeeper/mod.ts";
import { JuteWriter } from "../../../../zookeeper/wire/jute.ts";
import { opcodes, xids } from "../../../../zookeeper/wire/protocol.ts";
import { readReplyHeader, writeConnectRequest } from "../../../../zookeeper/wire/records.ts";
import { ManualClock } from "../../../support/manual_clock.ts";
import { RawClient } from "../raw_client.ts";

/** Frames of one write. */
function frames(...writes: ((writer: JuteWriter) => void)[]): Uint8Array {
  const writer = new JuteWriter();
  for (const write of writes) {
    const start = writer.beginFrame();
    write(writer);
    writer.endFrame(start);
  }
  return writer.bytes().slice();
}

const handshake = (writer: JuteWriter) =>
  writeConnectRequest(writer, {
    protocolVersion: 0,
    lastZxidSeen: 0n,
    timeoutMs: 60_000,
    sessionId: 0n,
    password: new Uint8Array(16),
  });

const getData = (path: string, xid: number) => (writer: JuteWriter) => {
  writer.int(xid);
  writer.int(opcodes.getData);
  writer.string(path);
  writer.bool(false);
};

const ping = (writer: JuteWriter) => {
  writer.int(xids.ping);
  writer.int(opcodes.ping);
};

Deno.test("Coordinator: what a client asked before it half-closed is done and answered", async () => {
  const coordinator = await Coordinator.listen();
  const zk = new ZooKeeper(coordinator.connectString);
  try {
    for (
      const { path, sizeBytes, count } of [
        { path: "/small", sizeBytes: 3, count: 3 },
        // More than a pause: some are executed only after the end of what the client sends was seen.
        { path: "/large", sizeBytes: 200_000, count: 40 },
      ]
    ) {
      await zk.create(path, new Uint8Array(sizeBytes));
      const client = await RawClient.connect(coordinator.port);
      await client.shakeHands();
      await client.write(
        frames(...Array.from({ length: count }, (_, index) => getData(path, index + 1))),
      );
      await client.conn.closeWrite();
      for (let xid = 1; xid <= count; xid++) {
        const reply = await client.receive();
        assert.ok(reply, `the connection was closed after ${xid - 1} replies`);
        assert.deepEqual([readReplyHeader(reply).xid, reply.int()], [xid, sizeBytes]);
      }
      assert.equal(await client.receive(), undefined);
      client.close();
    }
  } finally {
    await zk.close();
    await coordinator.close();
  }
});

/** A client without a network, which says what a test lets it say, and reads when the test lets it. */
class HandMadeClient {
  closed = false;
  taken = 0;
  #incoming: Uint8Array[] = [];
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;
  #allowedBytes = 0;

  readonly stream = {
    read: async (buffer: Uint8Array): Promise<number | null> => {
      while (!this.closed) {
        const [bytes] = this.#incoming;
        if (bytes !== undefined) {
          const part = bytes.subarray(0, buffer.length);
          buffer.set(part);
          if (part.length === bytes.length) this.#incoming.shift();
          else this.#incoming[0] = bytes.subarray(part.length);
          return part.length;
        }
        await new Promise<void>((resolve) => this.#wakeReader = resolve);
      }
      return null;
    },
    write: async (bytes: Uint8Array): Promise<number> => {
      while (!this.closed && this.#allowedBytes === 0) {
        await new Promise<void>((resolve) => this.#wakeWriter = resolve);
      }
      if (this.closed) throw new Error("the connection is closed");
      const sizeBytes = Math.min(bytes.length, this.#allowedBytes);
      this.#allowedBytes -= sizeBytes;
      this.taken += sizeBytes;
      return sizeBytes;
    },
    close: () => {
      this.closed = true;
      this.#wakeReader?.();
      this.#wakeWriter?.();
    },
  };

  say(bytes: Uint8Array): void {
    this.#incoming.push(bytes);
    this.#wakeReader?.();
  }

  take(sizeBytes: number): void {
    this.#allowedBytes += sizeBytes;
    this.#wakeWriter?.();
  }
}

/** Lets everything happen that needs no time. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function withSlowClient(
  run: (client: HandMadeClient, clock: ManualClock, zk: ZooKeeper) => Promise<void>,
): Promise<void> {
  const clock = new ManualClock();
  const coordinator = await Coordinator.listen({ clock });
  const zk = new ZooKeeper(coordinator.connectString);
  const client = new HandMadeClient();
  try {
    await zk.create("/large", new Uint8Array(1_000_000));
    coordinator.attach(client.stream, { hostname: "127.0.0.1", port: 1 });
    client.say(frames(handshake));
    client.take(1_000);
    await turns();
    assert.equal(client.taken, 41);
    await run(client, clock, zk);
  } finally {
    await zk.close();
    await coordinator.close();
  }
}

/** Time passes for the slow client; the other one is heard of. */
async function pass(
  seconds: number,
  { clock, zk, each }: { clock: ManualClock; zk: ZooKeeper; each: () => void },
): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    each();
    await zk.exists("/");
    await turns();
    clock.advance(1_000);
  }
  await turns();
}

Deno.test("Coordinator: a client that takes a little of its replies now and then keeps its session", async () => {
  await withSlowClient(async (client, clock, zk) => {
    client.say(frames(...[1, 2, 3, 4].map((xid) => getData("/large", xid))));
    let second = 0;
    // It does not even ping: its requests fill all that is read ahead.
    client.say(frames(...Array.from({ length: 100_000 }, () => ping)));
    await pass(300, {
      clock,
      zk,
      each() {
        if (++second % 50 === 0) client.take(10_000);
      },
    });
    assert.equal(client.closed, false);
    client.take(1 << 30);
    await turns();
    assert.ok(client.taken > 4_000_000 + 100_000 * 20, `${client.taken} bytes`);
  });
});

Deno.test("Coordinator: a client that pings and takes nothing for a minute is cut off", async () => {
  await withSlowClient(async (client, clock, zk) => {
    client.say(frames(...[1, 2, 3, 4].map((xid) => getData("/large", xid))));
    const each = () => client.say(frames(ping));
    await pass(59, { clock, zk, each });
    assert.equal(client.closed, false);
    await pass(3, { clock, zk, each });
    assert.equal(client.closed, true);
  });
});

Deno.test("Coordinator: replies that are large do not count against the events that may wait", async () => {
  const coordinator = await Coordinator.listen({ maxOutputBytes: 64 * 1024 });
  const zk = new ZooKeeper(coordinator.connectString);
  const client = new HandMadeClient();
  try {
    await zk.create("/large", new Uint8Array(1_000_000));
    coordinator.attach(client.stream, { hostname: "127.0.0.1", port: 1 });
    client.say(frames(handshake, (writer) => {
      writer.int(1);
      writer.int(opcodes.addWatch);
      writer.string("/large");
      writer.int(0);
    }, getData("/large", 2)));
    await turns();
    await zk.set("/large", "1");
    client.take(1 << 30);
    await turns();
    assert.equal(client.closed, false);
    await zk.set("/large", "2");
    assert.ok(client.taken > 1_000_000);
  } finally {
    await zk.close();
    await coordinator.close();
  }
});
