// The coordinator's page for people, as a browser and as a program see it.
import assert from "node:assert/strict";
import { Coordinator } from "../../../../zookeeper/server/mod.ts";
import { RateMeter } from "../../../../zookeeper/server/admin/rate_meter.ts";
import { ZooKeeper } from "../../../../zookeeper/mod.ts";
import { until } from "../servers.ts";

Deno.test("Coordinator: its page shows figures, sessions and nodes, and none of their markup or secrets", async () => {
  const coordinator = await Coordinator.listen({ admin: {} });
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
    await zk.watch("/e", {}, () => {});
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
    const child = await page(`?path=${encodeURIComponent("/<b>bold<b>")}&live=no`);
    assert.ok(root.text.includes('http-equiv="refresh"') && !child.text.includes("http-equiv"));
    await zk.create("/json", '{"a":{"b":1}}', { ttlMs: 60_000 });
    const json = await page("?path=/json");
    assert.ok(json.text.includes("{\n  &quot;a&quot;: {\n    &quot;b&quot;: 1"));
    assert.ok(json.text.includes("1 min 0 s after its last change"));
    await zk.set("/json", Uint8Array.of(0xff, 0xfe));
    assert.match((await page("?path=/json")).text, /2 B that are no short text/);
    await zk.delete("/json");
    const secretAcl = (await page("?path=/hidden")).text;
    assert.ok(secretAcl.includes("cdrwa digest:ann:x"));
    const facts = JSON.parse((await page("facts.json")).text);
    assert.equal(facts.nodes, 8);
    assert.equal(facts.sessions.length, 1);
    assert.equal(facts.sessions[0].ephemerals, 1);
    assert.equal(facts.sessions[0].watches, 2);
    assert.equal(facts.connections, 1);
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

Deno.test("Coordinator: on the loopback, its page answers to no name from elsewhere", async () => {
  const coordinator = await Coordinator.listen({ admin: {} });
  try {
    const { port } = new URL(coordinator.adminUrl ?? "");
    // A name that leads here is not in anybody's hand but its owner's; fetch sets no such header.
    const answer = async (host: string) => {
      const conn = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
      await conn.write(
        new TextEncoder().encode(`GET / HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`),
      );
      const text = await new Response(conn.readable).text();
      return text.slice(9, 12);
    };
    assert.equal(await answer(`localhost:${port}`), "200");
    assert.equal(await answer(`127.0.0.1:${port}`), "200");
    assert.equal(await answer(`evil.example:${port}`), "403");
    assert.equal(await answer(`127.0.0.1.evil.example:${port}`), "403");
  } finally {
    await coordinator.close();
  }
});

Deno.test("Coordinator: a taken address for its page is an error, and leaves nothing open", async () => {
  const first = await Coordinator.listen({ admin: {} });
  const port = Number(new URL(first.adminUrl ?? "").port);
  await assert.rejects(Coordinator.listen({ admin: { port } }), Deno.errors.AddrInUse);
  await first.close();
});

Deno.test("RateMeter: counts by second, over a minute, through long silence", () => {
  const meter = new RateMeter(1_000);
  assert.equal(meter.perSecond(1_000), 0);
  assert.deepEqual(meter.bySecond(1_500), []);
  meter.add(1_500, 5);
  meter.add(1_900);
  meter.add(2_100, 2);
  assert.deepEqual(meter.bySecond(3_000), [6, 2]);
  assert.equal(meter.perSecond(3_000), 4);
  assert.equal(meter.perSecond(20_000), 0);
  assert.equal(meter.bySecond(61_000).length, 60);
  assert.equal(meter.bySecond(61_000)[0], 6);
  assert.equal(meter.bySecond(62_000)[0], 2);
  meter.add(1_000_000, 7);
  assert.deepEqual(meter.bySecond(1_001_000), [...new Array(59).fill(0), 7]);
});
