// The embedded coordinator among many clients, mute ones and half-open ones.
import assert from "node:assert/strict";
import { Coordinator } from "../../../../zookeeper/server/mod.ts";
import { ZooKeeper } from "../../../../zookeeper/mod.ts";
import { ManualClock } from "../../../support/manual_clock.ts";
import { RawClient } from "../raw_client.ts";

Deno.test("Coordinator: a thousand idle clients cost the busy one nothing that it notices", async () => {
  const coordinator = await Coordinator.listen();
  const idle: RawClient[] = [];
  const zk = new ZooKeeper(coordinator.connectString);
  try {
    while (idle.length < 1_000) {
      const client = await RawClient.connect(coordinator.port);
      await client.shakeHands({ timeoutMs: 60_000 });
      idle.push(client);
    }
    await zk.create("/a", "");
    const stats = await Promise.all(Array.from({ length: 2_000 }, () => zk.set("/a", "x")));
    assert.equal(stats.at(-1)?.version, 2_000);
  } finally {
    await zk.close();
    for (const client of idle) client.close();
    await coordinator.close();
  }
});

Deno.test("Coordinator: one client too many is turned away, and the next one let in when another leaves", async () => {
  const coordinator = await Coordinator.listen({ maxConnections: 2 });
  const [first, second] = [
    await RawClient.connect(coordinator.port),
    await RawClient.connect(coordinator.port),
  ];
  try {
    await first.shakeHands();
    await second.shakeHands();
    const third = await RawClient.connect(coordinator.port);
    await third.closedByServer();
    third.close();
    second.close();
    const zk = new ZooKeeper(coordinator.connectString);
    await zk.connected();
    await zk.close();
  } finally {
    first.close();
    await coordinator.close();
  }
});

Deno.test("Coordinator: a client that vanished without a word holds its place no longer than its session", async () => {
  const clock = new ManualClock();
  const coordinator = await Coordinator.listen({ clock });
  const zk = new ZooKeeper(coordinator.connectString, { sessionTimeoutMs: 4_000 });
  // To the coordinator a machine that lost its power looks like one that never says anything again.
  const halfOpen = await RawClient.connect(coordinator.port);
  const inHandshake = await RawClient.connect(coordinator.port);
  try {
    await zk.connected();
    await halfOpen.shakeHands({ timeoutMs: 4_000 });
    await inHandshake.write(Uint8Array.of(0, 0, 0, 45, 0, 0));
    for (let step = 0; step < 12; step++) {
      clock.advance(1_000);
      // The one that lives is heard of.
      await zk.exists("/");
    }
    await halfOpen.closedByServer();
    await inHandshake.closedByServer();
    assert.equal(zk.state, "connected");
  } finally {
    halfOpen.close();
    inHandshake.close();
    await zk.close();
    await coordinator.close();
  }
});
