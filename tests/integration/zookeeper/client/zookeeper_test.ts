// The client against servers that are missing, mute or mad: what no conforming server would show.
import assert from "node:assert/strict";
import { Coordinator } from "../../../../zookeeper/server/mod.ts";
import { ZooKeeper, ZooKeeperError } from "../../../../zookeeper/mod.ts";
import { startRealZooKeeper } from "../../../real_zookeeper.ts";
import { causes, until } from "../servers.ts";
import { FaultyProxy } from "../../../../zookeeper/testing/mod.ts";

const code = (expected: string) => (error: unknown) => {
  assert.ok(error instanceof ZooKeeperError, String(error));
  assert.equal(error.code, expected);
  return true;
};

/** A server that does what it is told with each connection. */
function oddServer(serve: (conn: Deno.TcpConn) => Promise<void> | void) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const conns = new Set<Deno.TcpConn>();
  let accepted = 0;
  const serving = (async () => {
    for await (const conn of listener) {
      accepted++;
      conns.add(conn);
      try {
        await serve(conn);
      } catch {
        // The client has given up on it.
      }
    }
  })();
  return {
    connectString: `127.0.0.1:${listener.addr.port}`,
    accepted: () => accepted,
    async close() {
      listener.close();
      for (const conn of conns) {
        try {
          conn.close();
        } catch {
          // It is closed already.
        }
      }
      await serving;
    },
  };
}

/** An address at which nobody listens. */
function nobody(): string {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  return `127.0.0.1:${listener.addr.port}`;
}

Deno.test("ZooKeeper: without a server, connected() and calls end at their deadlines, close() at once", async () => {
  const address = nobody();
  const zk = new ZooKeeper(address);
  await assert.rejects(zk.connected({ timeoutMs: 50 }), (error) => {
    assert.ok(code("OPERATION_TIMEOUT")(error));
    assert.ok(String(error).includes(address));
    assert.match(String(error), /the last attempt failed: .*refused/);
    return true;
  });
  await assert.rejects(zk.get("/", { timeoutMs: 50 }), code("OPERATION_TIMEOUT"));
  const waiting = zk.get("/");
  const connected = zk.connected();
  assert.equal(zk.state, "connecting");
  await zk.close();
  await assert.rejects(waiting, code("CLOSED"));
  await assert.rejects(connected, code("CLOSED"));
  await assert.rejects(zk.connected(), code("CLOSED"));
  await assert.rejects(zk.watch("/", {}, () => {}), code("CLOSED"));
});

Deno.test("ZooKeeper: calls that nobody awaits end no process", async () => {
  const zk = new ZooKeeper(nobody());
  void zk.get("/");
  void zk.connected({ timeoutMs: 1 });
  void zk.multi([]);
  await zk.close();
  void zk.create("/late");
  void zk.create("no-slash");
  void zk.watch("/late", {}, () => {});
  void zk.connected();
  await new Promise((resolve) => setTimeout(resolve, 20));
});

Deno.test("ZooKeeper: the queue of waiting calls has an end, and those that gave up free their place", async () => {
  const zk = new ZooKeeper(nobody(), { maxQueued: 3 });
  const short = zk.get("/", { timeoutMs: 30 });
  const long = [zk.get("/"), zk.get("/")];
  await assert.rejects(zk.get("/"), code("QUEUE_FULL"));
  await assert.rejects(short, code("OPERATION_TIMEOUT"));
  long.push(zk.get("/"));
  await assert.rejects(zk.get("/"), code("QUEUE_FULL"));
  await zk.close();
  for (const call of long) await assert.rejects(call, code("CLOSED"));
});

Deno.test("ZooKeeper: goes past servers that are dead, mute or mad to the one that works", async () => {
  const coordinator = await Coordinator.listen();
  const mute = oddServer(() => {});
  const mad = oddServer(async (conn) => {
    await conn.write(crypto.getRandomValues(new Uint8Array(1_000)));
  });
  const endless = oddServer(async (conn) => {
    // A length of 2 GiB, and nothing after it.
    await conn.write(Uint8Array.of(0x7f, 0xff, 0xff, 0xff));
  });
  const abrupt = oddServer((conn) => conn.close());
  const odd = [mute, mad, endless, abrupt];
  const servers = [nobody(), ...odd.map((server) => server.connectString)];
  // Shuffled so that the good one comes last.
  const zk = new ZooKeeper([...servers, coordinator.connectString].join(","), {
    connectTimeoutMs: 200,
    random: () => 0.999,
  });
  await zk.connected();
  assert.equal(zk.server, coordinator.connectString);
  for (const server of odd) assert.equal(server.accepted(), 1);
  await zk.close();
  await coordinator.close();
  for (const server of odd) await server.close();
});

Deno.test("ZooKeeper: a server that falls silent is left for another, within the session", async () => {
  const coordinator = await Coordinator.listen({ tickTimeMs: 500 });
  const proxy = new FaultyProxy(coordinator.port);
  const zk = new ZooKeeper(proxy.connectString, { sessionTimeoutMs: 3_000 });
  await zk.connected();
  const { sessionId } = zk;
  await causes("suspended", zk, () => void proxy.holdReplies());
  // The next connection can be heard again.
  proxy.cut();
  await zk.connected();
  assert.equal(zk.sessionId, sessionId);
  await zk.close();
  await proxy.close();
  await coordinator.close();
});

Deno.test("ZooKeeper: watch() waits through a lost connection, since repeating it is harmless", async () => {
  const coordinator = await Coordinator.listen();
  const proxy = new FaultyProxy(coordinator.port);
  const zk = new ZooKeeper(proxy.connectString);
  const other = new ZooKeeper(coordinator.connectString);
  await zk.connected();
  const events: string[] = [];
  const answered = proxy.holdReplies();
  const watching = zk.watch("/a", {}, ({ type }) => events.push(type));
  await answered;
  proxy.cut();
  const watch = await watching;
  await other.create("/a");
  await until("the event is here", () => events.includes("created"));
  await watch.remove();
  await zk.close();
  await other.close();
  await proxy.close();
  await coordinator.close();
});

Deno.test("ZooKeeper: close() while connecting and while suspended leaves nothing behind", async () => {
  const coordinator = await Coordinator.listen();
  const mute = oddServer(() => {});
  for (let round = 0; round < 20; round++) {
    const zk = new ZooKeeper(round % 2 === 0 ? mute.connectString : coordinator.connectString);
    for (let turn = 0; turn < round / 2; turn++) await Promise.resolve();
    if (round > 10) await new Promise((resolve) => setTimeout(resolve, round - 10));
    await zk.close();
    assert.equal(zk.state, "closed");
  }
  const proxy = new FaultyProxy(coordinator.port);
  const zk = new ZooKeeper(proxy.connectString);
  await zk.connected();
  await causes("suspended", zk, () => proxy.refuse());
  await zk.close();
  await proxy.close();
  await mute.close();
  await coordinator.close();
});

Deno.test("ZooKeeper: states() leaves none out, however slowly they are taken, and ends with its signal", async () => {
  const coordinator = await Coordinator.listen();
  const proxy = new FaultyProxy(coordinator.port);
  const zk = new ZooKeeper(proxy.connectString, { random: () => 0 });
  await zk.connected();
  const giveUp = new AbortController();
  const taken: string[] = [];
  const ended = (async () => {
    for await (const state of zk.states({ signal: giveUp.signal })) taken.push(state);
  })();
  const slow = zk.states();
  assert.equal((await slow.next()).value, "connected");
  for (let round = 0; round < 3; round++) {
    await causes("suspended", zk, () => proxy.cut());
    await zk.connected();
  }
  await until("they are taken", () => taken.length === 7);
  giveUp.abort();
  await ended;
  for (let round = 0; round < 3; round++) {
    assert.equal((await slow.next()).value, "suspended");
    assert.equal((await slow.next()).value, "connected");
  }
  await slow.return(undefined);
  await zk.close();
  await proxy.close();
  await coordinator.close();
});

Deno.test("ZooKeeper: a busy event loop costs neither the connection nor the session", async () => {
  // A process of its own: this one will be busy.
  const real = await startRealZooKeeper();
  const zk = new ZooKeeper(real.connectString, { sessionTimeoutMs: 4_000 });
  try {
    await zk.create("/e", "", { mode: "ephemeral" });
    const states: string[] = [];
    zk.onState((state) => states.push(state));
    for (let round = 0; round < 3; round++) {
      // So that the server's count begins anew.
      await zk.exists("/e");
      // Longer than the silence after which a connection is given up, shorter than the session.
      const untilMs = performance.now() + 3_000;
      while (performance.now() < untilMs);
      // The timers that are due run before anything that came meanwhile is read.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    assert.equal((await zk.exists("/e"))?.ephemeralOwner, zk.sessionId);
    assert.deepEqual(states, []);
  } finally {
    await zk.close();
    await real.stop();
  }
});
