// The embedded coordinator beyond the protocol: what it keeps, misbehaving clients, its clock, its words
// for monitoring tools.
import assert from "node:assert/strict";
import fc from "fast-check";
import { Coordinator, noStorage } from "../../../../zookeeper/server/mod.ts";
import { ZooKeeper, ZooKeeperError } from "../../../../zookeeper/mod.ts";
import { opcodes } from "../../../../zookeeper/wire/protocol.ts";
import { fourLetterWord } from "../../../real_zookeeper.ts";
import { ManualClock } from "../../../support/manual_clock.ts";
import { RawClient } from "../raw_client.ts";
import { causes, until } from "../servers.ts";

const text = (data: Uint8Array) => new TextDecoder().decode(data);

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-coordinator-" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("Coordinator: sessions, ephemeral nodes and counters survive a restart", async () => {
  await withFolder(async (dataDir) => {
    let coordinator = await Coordinator.listen({ dataDir });
    const { port } = coordinator;
    const zk = new ZooKeeper(coordinator.connectString, { sessionTimeoutMs: 20_000 });
    try {
      await zk.create("/a", "1", { acl: [{ permissions: 1, scheme: "world", id: "anyone" }] });
      await zk.create("/q");
      await zk.create("/q/n-", "", { mode: "persistent_sequential" });
      await zk.delete("/q/n-0000000000");
      await zk.create("/box", "", { mode: "container" });
      await zk.create("/e", "", { mode: "ephemeral" });
      const read = async () => ({
        a: await zk.get("/a"),
        acl: await zk.getAcl("/a"),
        q: await zk.children("/q"),
        e: await zk.exists("/e"),
        box: await zk.exists("/box"),
      });
      const before = await read();
      const { sessionId } = zk;
      await causes("suspended", zk, () => void coordinator.close());
      await coordinator.finished;
      coordinator = await Coordinator.listen({ dataDir, port });
      await zk.connected();
      assert.deepEqual(await read(), before);
      assert.equal(zk.sessionId, sessionId);
      assert.equal(
        await zk.create("/q/n-", "", { mode: "persistent_sequential" }),
        "/q/n-0000000001",
      );
      await zk.close();
      const other = new ZooKeeper(coordinator.connectString);
      assert.equal(await other.exists("/e"), null);
      await other.close();
    } finally {
      await zk.close();
      await coordinator.close();
    }
  });
});

Deno.test("Coordinator: a second one on the same folder is refused and told why", async () => {
  await withFolder(async (dataDir) => {
    const coordinator = await Coordinator.listen({ dataDir });
    try {
      await assert.rejects(Coordinator.listen({ dataDir }), /another coordinator/);
    } finally {
      await coordinator.close();
    }
    await (await Coordinator.listen({ dataDir })).close();
  });
});

Deno.test("Coordinator: when its storage fails, nothing is acknowledged and it stops", async () => {
  let failing = false;
  const coordinator = await Coordinator.listen({
    storage: {
      ...noStorage,
      commit() {
        if (failing) throw new Error("disk full, on purpose");
      },
    },
  });
  const zk = new ZooKeeper(coordinator.connectString);
  await zk.create("/a");
  failing = true;
  await assert.rejects(
    zk.create("/b"),
    (error) => error instanceof ZooKeeperError && error.code === "CONNECTION_LOSS",
  );
  const failure = await coordinator.finished;
  assert.match(String(failure?.cause), /on purpose/);
  await zk.close();
  await coordinator.close();
});

Deno.test("Coordinator: a client of lost data is turned away until its session is over", async () => {
  const first = await Coordinator.listen({ tickTimeMs: 500 });
  const { port } = first;
  const zk = new ZooKeeper(first.connectString, { sessionTimeoutMs: 1_000 });
  await zk.create("/a");
  const states: string[] = [];
  zk.onState((state) => states.push(state));
  await first.close();
  const second = await Coordinator.listen({ tickTimeMs: 500, port });
  await until("there is a new session", () => states.includes("connected"));
  assert.deepEqual(states, ["suspended", "expired", "connecting", "connected"]);
  assert.equal(await zk.exists("/a"), null);
  await zk.close();
  await second.close();
});

Deno.test("Coordinator: garbage and oversized frames cost the sender its connection, and nobody else anything", async () => {
  const coordinator = await Coordinator.listen();
  const bystander = new ZooKeeper(coordinator.connectString);
  const states: string[] = [];
  try {
    await bystander.create("/kept", "1");
    bystander.onState((state) => states.push(state));
    const frame = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      // A known operation with a body of garbage gets further.
      fc.tuple(fc.constantFrom(...Object.values(opcodes)), fc.uint8Array({ maxLength: 64 }))
        .map(([opcode, body]) => {
          const bytes = new Uint8Array(8 + body.length);
          new DataView(bytes.buffer).setInt32(4, opcode);
          bytes.set(body, 8);
          return bytes;
        }),
    );
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(frame, { minLength: 1 }), async (greet, frames) => {
        const client = await RawClient.connect(coordinator.port);
        if (greet) await client.shakeHands();
        try {
          for (const bytes of frames) await client.send((writer) => writer.raw(bytes));
          await client.conn.closeWrite();
          await client.closedByServer();
        } catch {
          // It was cut off while it was still sending.
        }
        client.close();
      }),
      { numRuns: 300 },
    );
    for (const length of [-1, 0x100000, 0x7fffffff]) {
      const client = await RawClient.connect(coordinator.port);
      await client.shakeHands();
      const bytes = new Uint8Array(4);
      new DataView(bytes.buffer).setInt32(0, length);
      await client.write(bytes);
      await client.closedByServer();
      client.close();
    }
    assert.equal(text((await bystander.get("/kept")).data), "1");
    assert.deepEqual(states, []);
  } finally {
    await bystander.close();
    await coordinator.close();
  }
});

Deno.test("Coordinator: a client that never reads is cut off", async () => {
  const coordinator = await Coordinator.listen({ maxOutputBytes: 64 * 1024 });
  const zk = new ZooKeeper(coordinator.connectString);
  const deaf = await RawClient.connect(coordinator.port);
  try {
    const path = `/${"long-name-".repeat(100)}`;
    await zk.create(path);
    // So long that it is not its silence that ends it.
    await deaf.shakeHands({ timeoutMs: 60_000 });
    await deaf.send((writer) => {
      writer.int(1);
      writer.int(opcodes.addWatch);
      writer.string(path);
      writer.int(0);
    });
    await until(
      "the watch is set",
      async () => (await fourLetterWord(coordinator.port, "mntr")).includes("zk_watch_count\t2"),
    );
    const connections = async () =>
      Number(/Connections: (\d+)/.exec(await fourLetterWord(coordinator.port, "srvr"))?.[1]);
    // One of them is the question itself.
    assert.equal(await connections(), 3);
    await until("it is cut off", async () => {
      await Promise.all(Array.from({ length: 1_000 }, () => zk.set(path, "")));
      return await connections() === 2;
    });
    assert.equal(zk.state, "connected");
  } finally {
    deaf.close();
    await zk.close();
    await coordinator.close();
  }
});

Deno.test("Coordinator: sessions expire by its clock, and get back the time in which it stood still", async () => {
  const clock = new ManualClock();
  const coordinator = await Coordinator.listen({ clock, tickTimeMs: 500 });
  const client = await RawClient.connect(coordinator.port);
  const silent = await RawClient.connect(coordinator.port);
  try {
    const { sessionId, timeoutMs, password } = await client.shakeHands({ timeoutMs: 4_000 });
    assert.equal(timeoutMs, 4_000);
    const sessions = async () =>
      Number(
        /zk_global_sessions\t(\d+)/.exec(await fourLetterWord(coordinator.port, "mntr"))?.[1],
      );
    clock.advance(3_900);
    assert.equal(await sessions(), 1);
    // Longer than the time-out, but it was the server that slept.
    clock.jump(60_000);
    assert.equal(await sessions(), 1);
    clock.advance(5_000);
    assert.equal(await sessions(), 0);
    await client.closedByServer();
    const again = await RawClient.connect(coordinator.port);
    const refusal = await again.shakeHands({ sessionId, password });
    assert.deepEqual([refusal.timeoutMs, refusal.sessionId], [0, 0n]);
    await again.closedByServer();
    again.close();
    // Whoever never asks for a session is cut off as well.
    clock.advance(10_000);
    await silent.closedByServer();
  } finally {
    client.close();
    silent.close();
    await coordinator.close();
  }
});

Deno.test("Coordinator: setting the wall clock ends no session, and puts nothing out of order", async () => {
  const clock = new ManualClock();
  const coordinator = await Coordinator.listen({ clock, tickTimeMs: 500, containerCheckMs: 500 });
  const zk = new ZooKeeper(coordinator.connectString, { sessionTimeoutMs: 4_000 });
  const yearMs = 365 * 24 * 3_600_000;
  try {
    await zk.create("/e", "", { mode: "ephemeral" });
    await zk.create("/mortal", "", { ttlMs: 60_000 });
    const before = await zk.exists("/e");
    for (const offsetMs of [-2 * yearMs, yearMs]) {
      clock.wallOffsetMs += offsetMs;
      for (let step = 0; step < 8; step++) {
        clock.advance(1_000);
        await zk.exists("/");
      }
      const stat = await zk.set("/e", "");
      assert.equal(stat.mtimeMs, clock.wallTimeMs());
      assert.equal(stat.ctimeMs, before?.ctimeMs);
      assert.equal(stat.ephemeralOwner, zk.sessionId);
      // As in ZooKeeper, a life is counted by the wall: put back, it is only longer.
      assert.notEqual(await zk.exists("/mortal"), null);
    }
    clock.wallOffsetMs += yearMs + 60_000;
    clock.advance(1_000);
    assert.equal(await zk.exists("/mortal"), null);
    assert.equal(zk.state, "connected");
  } finally {
    await zk.close();
    await coordinator.close();
  }
});

Deno.test("Coordinator: a session is resumed with its password only, and moves with its client", async () => {
  const coordinator = await Coordinator.listen();
  const first = await RawClient.connect(coordinator.port);
  const { sessionId, password } = await first.shakeHands();
  const thief = await RawClient.connect(coordinator.port);
  assert.equal((await thief.shakeHands({ sessionId })).timeoutMs, 0);
  thief.close();
  const second = await RawClient.connect(coordinator.port);
  assert.equal((await second.shakeHands({ sessionId, password })).sessionId, sessionId);
  await first.closedByServer();
  first.close();
  second.close();
  await coordinator.close();
});

Deno.test("Coordinator: answers the four-letter words", async () => {
  const coordinator = await Coordinator.listen();
  const zk = new ZooKeeper(coordinator.connectString);
  await zk.create("/a");
  const ask = (word: string) => fourLetterWord(coordinator.port, word);
  assert.equal(await ask("ruok"), "imok");
  assert.match(
    await ask("srvr"),
    /^Zookeeper version: 3\.8.*\n(.*\n)*Mode: standalone\nNode count: 5\n$/,
  );
  assert.match(await ask("stat"), /Clients:\n \/127\.0\.0\.1:\d+\[1\]\(/);
  assert.match(await ask("mntr"), /zk_znode_count\t5\n/);
  assert.match(await ask("boom"), /not executed/);
  await zk.close();
  await coordinator.close();
});

Deno.test({
  name: "Coordinator: an IPv4 client of an IPv6 socket is let in by an ACL for its address",
  ignore: !Deno.networkInterfaces().some(({ address }) => address === "::1"),
  async fn() {
    const coordinator = await Coordinator.listen({ hostname: "::" });
    const zk = new ZooKeeper(`127.0.0.1:${coordinator.port}`);
    try {
      await zk.create("/mine", "1", {
        acl: [{ permissions: 31, scheme: "ip", id: "127.0.0.1" }],
      });
      assert.equal(text((await zk.get("/mine")).data), "1");
      assert.deepEqual(await zk.whoAmI(), [{ scheme: "ip", user: "127.0.0.1" }]);
    } finally {
      await zk.close();
      await coordinator.close();
    }
  },
});
