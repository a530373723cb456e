// The embedded coordinator among many clients, mute ones and half-open ones; and its page for people.
import assert from "node:assert/strict";
import { Coordinator } from "../../../zookeeper/coordinator/mod.ts";
import { ZooKeeper } from "../../../zookeeper/mod.ts";
import { ManualClock } from "./manual_clock.ts";
import { RawClient } from "./raw_client.ts";
import { until } from "./servers.ts";

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

Deno.test("Coordinator: its page shows figures, sessions and nodes, and none of their markup or secrets", async () => {
  const coordinator = await Coordinator.listen({ adminPort: 0 });
  const zk = new ZooKeeper(coordinator.connectString);
  try {
    assert.ok(coordinator.adminUrl);
    const page = async (query: string) => {
      const response = await fetch(`${coordinator.adminUrl}${query}`);
      return { status: response.status, text: await response.text(), headers: response.headers };
    };
    await zk.create("/<b>bold<b>", "<script>alert(1)</script>", {});
    await zk.addAuth("digest", "ann:secret");
    await zk.create("/hidden", "the plan", { acl: [{ permissions: 31, scheme: "auth", id: "" }] });
    await zk.create("/hidden/child");
    await zk.create("/e", "", { mode: "ephemeral" });
    const root = await page("");
    assert.equal(root.status, 200);
    assert.match(root.headers.get("content-security-policy") ?? "", /default-src 'none'/);
    assert.ok(root.text.includes(`0x${zk.sessionId.toString(16)}`));
    assert.ok(root.text.includes("&lt;b&gt;bold&lt;b&gt;"));
    assert.ok(root.text.includes("for one machine"));
    const bold = await page(`?path=${encodeURIComponent("/<b>bold<b>")}`);
    assert.ok(bold.text.includes("&lt;script&gt;"));
    assert.ok(!bold.text.includes("<script"));
    const hidden = await page("?path=/hidden");
    assert.ok(!hidden.text.includes("the plan") && !hidden.text.includes("child</a>"));
    for (const path of ["/none", "no-slash", "/%00", "//"]) {
      assert.equal((await page(`?path=${path}`)).status, 404);
    }
    const facts = JSON.parse((await page("facts.json")).text);
    assert.equal(facts.nodes, 8);
    assert.equal(facts.sessions.length, 1);
    assert.equal(facts.sessions[0].ephemerals, 1);
    assert.ok(facts.commitsPerSecond > 0);
    const post = await fetch(coordinator.adminUrl, { method: "POST", body: "x" });
    await post.body?.cancel();
    assert.equal(post.status, 404);
  } finally {
    await zk.close();
    await coordinator.close();
  }
  await until("its port is free", async () => {
    try {
      await (await fetch(coordinator.adminUrl ?? "")).body?.cancel();
      return false;
    } catch {
      return true;
    }
  });
});
