// A server that does the handshake and then sends garbage: each time the client goes on to the next server, and nothing
// else happens. ROLLCALL_SEED sets the seed of the garbage.
import assert from "node:assert/strict";
import { Coordinator } from "../../../zookeeper/server/mod.ts";
import { type Log, silentLog, ZooKeeper, ZooKeeperError } from "../../../zookeeper/mod.ts";
import { JuteWriter } from "../../../zookeeper/wire/jute.ts";
import { xids } from "../../../zookeeper/wire/protocol.ts";
import { writeConnectResponse, writeReplyHeader } from "../../../zookeeper/wire/records.ts";
import { makeFrame } from "./frames.ts";
import { Dice, seedOfRun } from "./random.ts";

const seed = seedOfRun();
const rounds = 400;

/** Returns a valid handshake, followed by frames most of which are no replies. */
function nonsense(dice: Dice): Uint8Array {
  const writer = new JuteWriter();
  const frame = (write: () => void) => {
    const start = writer.beginFrame();
    write();
    writer.endFrame(start);
  };
  frame(() =>
    writeConnectResponse(writer, {
      protocolVersion: 0,
      // Short: a client with a false zxid is refused by the other server until its session is over.
      timeoutMs: 100,
      sessionId: 7n,
      password: new Uint8Array(16),
    })
  );
  for (let left = 1 + dice.below(5); left > 0; left--) {
    frame(() => {
      if (dice.chance(0.8)) {
        const xid = dice.pick([1, 1, 2, 3, ...Object.values(xids)]);
        writeReplyHeader(writer, {
          xid,
          zxid: BigInt(dice.below(9)),
          error: dice.pick([0, 0, -101, -999]),
        });
      }
      writer.raw(makeFrame(dice));
    });
  }
  return writer.bytes();
}

Deno.test(`ZooKeeper: ${rounds} servers that talk nonsense, and the client goes on to the next`, async () => {
  const dice = new Dice(seed);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const errors: unknown[] = [];
  const log: Log = {
    ...silentLog,
    error: (message, properties) => errors.push(message, properties),
  };
  const serving = (async () => {
    for await (const conn of listener) {
      try {
        await conn.read(new Uint8Array(1024));
        await conn.write(nonsense(dice));
        await conn.closeWrite();
        while (await conn.read(new Uint8Array(1024)) !== null);
      } catch {
        // The client has closed the connection.
      } finally {
        conn.close();
      }
    }
  })();
  const coordinator = await Coordinator.listen();
  // `random` keeps the order: the server with the garbage comes first.
  const connectString = `127.0.0.1:${listener.addr.port},${coordinator.connectString}`;
  try {
    for (let round = 0; round < rounds; round++) {
      const zk = new ZooKeeper(connectString, { log, random: () => 0.999 });
      const calls = [
        zk.get("/", { watch() {} }),
        zk.multi([]),
        zk.multiRead([]),
        zk.children("/"),
        zk.watch("/", { recursive: true }, () => {}),
      ];
      for (const outcome of await Promise.allSettled(calls)) {
        if (outcome.status === "fulfilled") continue;
        assert.ok(outcome.reason instanceof ZooKeeperError, `seed ${seed}: ${outcome.reason}`);
      }
      // The other server does not know the session of the first one, so the client gets a new session there.
      while (zk.server !== coordinator.connectString) {
        await zk.connected();
        await zk.exists("/").catch(() => {});
      }
      assert.deepEqual((await zk.children("/")).children, ["zookeeper"], `seed ${seed}`);
      await zk.close();
    }
    assert.deepEqual(errors, [], `seed ${seed}`);
  } finally {
    listener.close();
    await serving;
    await coordinator.close();
  }
});
