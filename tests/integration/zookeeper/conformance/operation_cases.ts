// Conformance: the operations, their error codes and the stats.
import assert from "node:assert/strict";
import { op, openAcl, permissions, ZooKeeperError } from "../../../../zookeeper/mod.ts";
import type { CaseContext } from "../servers.ts";

const text = (data: Uint8Array) => new TextDecoder().decode(data);

function code(expected: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ZooKeeperError, String(error));
    assert.equal(error.code, expected, error.message);
    return true;
  };
}

export const operationCases: Record<string, (context: CaseContext) => Promise<void>> = {
  async "create makes a node that get, exists and children see"(context) {
    const zk = await context.client();
    assert.equal(await zk.create("/a", "hello"), "/a");
    assert.equal(text((await zk.get("/a")).data), "hello");
    assert.equal((await zk.exists("/a"))?.dataSizeBytes, 5);
    assert.equal(await zk.exists("/b"), null);
    assert.deepEqual((await zk.children("/")).children, ["a"]);
  },

  async "create takes empty data and data with every byte"(context) {
    const zk = await context.client();
    await zk.create("/empty");
    assert.equal((await zk.get("/empty")).data.length, 0);
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    await zk.create("/bytes", bytes);
    assert.deepEqual((await zk.get("/bytes")).data, bytes);
  },

  async "create takes names with spaces, umlauts and other scripts"(context) {
    const zk = await context.client();
    for (const name of ["with space", "größe", "ノード", "a".repeat(300)]) {
      assert.equal(await zk.create(`/${name}`), `/${name}`);
      assert.notEqual(await zk.exists(`/${name}`), null);
    }
  },

  async "create is refused with the code for its reason"(context) {
    const zk = await context.client();
    await zk.create("/a");
    await zk.create("/e", "", { mode: "ephemeral" });
    await assert.rejects(zk.create("/a"), code("NODE_EXISTS"));
    await assert.rejects(zk.create("/no/parent"), code("NO_NODE"));
    await assert.rejects(zk.create("/e/child"), code("NO_CHILDREN_FOR_EPHEMERALS"));
    await assert.rejects(zk.create("/b", "", { acl: [] }), code("INVALID_ACL"));
    await assert.rejects(zk.create("no-slash"), code("BAD_ARGUMENTS"));
    await assert.rejects(zk.create("/a/../b"), code("BAD_ARGUMENTS"));
    await assert.rejects(zk.create("/a/"), code("BAD_ARGUMENTS"));
  },

  async "get, set, delete and children are refused with the code for their reason"(context) {
    const zk = await context.client();
    await zk.create("/a", "0");
    await zk.create("/a/b");
    await assert.rejects(zk.get("/x"), code("NO_NODE"));
    await assert.rejects(zk.children("/x"), code("NO_NODE"));
    await assert.rejects(zk.set("/x", ""), code("NO_NODE"));
    await assert.rejects(zk.set("/a", "", { version: 7 }), code("BAD_VERSION"));
    await assert.rejects(zk.delete("/x"), code("NO_NODE"));
    await assert.rejects(zk.delete("/a", { version: 7 }), code("BAD_VERSION"));
    await assert.rejects(zk.delete("/a"), code("NOT_EMPTY"));
    await assert.rejects(zk.getAcl("/x"), code("NO_NODE"));
    assert.equal(text((await zk.get("/a")).data), "0");
  },

  async "an error names the operation and the caller's path"(context) {
    const zk = await context.client();
    await assert.rejects(zk.get("/x/y"), (error) => {
      assert.ok(error instanceof ZooKeeperError);
      assert.equal(error.operation, "get");
      assert.equal(error.path, "/x/y");
      assert.equal(error.outcomeUnknown, false);
      return true;
    });
  },

  async "stat counts changes of data, children and ACL"(context) {
    const zk = await context.client();
    await zk.create("/a", "1");
    const created = await zk.exists("/a");
    assert.ok(created);
    assert.equal(created.czxid, created.mzxid);
    assert.equal(created.czxid, created.pzxid);
    assert.equal(created.ctimeMs, created.mtimeMs);
    assert.ok(Math.abs(created.ctimeMs - Date.now()) < 60_000);
    const { version, cversion, aversion, ephemeralOwner, numChildren } = created;
    assert.deepEqual(
      { version, cversion, aversion, ephemeralOwner, numChildren },
      { version: 0, cversion: 0, aversion: 0, ephemeralOwner: 0n, numChildren: 0 },
    );
    const changed = await zk.set("/a", "22", { version: 0 });
    assert.equal(changed.version, 1);
    assert.equal(changed.dataSizeBytes, 2);
    assert.ok(changed.mzxid > created.mzxid);
    assert.equal(changed.pzxid, created.pzxid);
    await zk.create("/a/b");
    await zk.create("/a/c");
    await zk.delete("/a/b");
    const parent = await zk.exists("/a");
    assert.ok(parent);
    assert.equal(parent.cversion, 3);
    assert.equal(parent.numChildren, 1);
    assert.equal(parent.version, 1);
    assert.equal(parent.mzxid, changed.mzxid);
    assert.ok(parent.pzxid > changed.mzxid);
    const listed = await zk.setAcl("/a", openAcl, { version: 0 });
    assert.equal(listed.aversion, 1);
    await assert.rejects(zk.setAcl("/a", openAcl, { version: 0 }), code("BAD_VERSION"));
    assert.deepEqual((await zk.children("/a")).stat, await zk.exists("/a"));
  },

  async "sequential nodes count per parent and never twice"(context) {
    const zk = await context.client();
    await zk.create("/queue");
    const mode = "persistent_sequential";
    assert.equal(await zk.create("/queue/n-", "", { mode }), "/queue/n-0000000000");
    assert.equal(await zk.create("/queue/other-", "", { mode }), "/queue/other-0000000001");
    assert.equal(await zk.create("/queue/", "", { mode }), "/queue/0000000002");
    await zk.delete("/queue/0000000002");
    await zk.create("/queue/plain");
    assert.equal(await zk.create("/queue/n-", "", { mode }), "/queue/n-0000000004");
    const path = await zk.create("/queue/e-", "", { mode: "ephemeral_sequential" });
    assert.equal(path, "/queue/e-0000000005");
    assert.equal((await zk.exists(path))?.ephemeralOwner, zk.sessionId);
  },

  async "container nodes can be made and used"(context) {
    const zk = await context.client();
    assert.equal(await zk.create("/box", "", { mode: "container" }), "/box");
    await zk.create("/box/item");
    assert.deepEqual((await zk.children("/box")).children, ["item"]);
    await zk.multi([op.create("/box2", "", { mode: "container" })]);
    assert.notEqual(await zk.exists("/box2"), null);
  },

  async "sync lets one client see what another wrote before"(context) {
    const writer = await context.client();
    const reader = await context.client();
    await writer.create("/a", "1");
    await reader.sync("/a");
    assert.equal(text((await reader.get("/a")).data), "1");
    await reader.sync("/no-such-node");
  },

  async "a chroot is the client's root, also when it is long or missing"(context) {
    const zk = await context.client();
    await zk.create("/sub");
    assert.equal((await zk.exists("/"))?.numChildren, 1);
    assert.deepEqual((await zk.getAcl("/")).acl, openAcl);
    const nowhere = context.unconnected();
    await zk.delete("/sub");
    assert.deepEqual((await nowhere.children("/")).children, []);
  },

  async "ACLs of a digest keep others out"(context) {
    const owner = await context.client();
    await owner.addAuth("digest", "ann:secret");
    const acl = [{ permissions: permissions.ALL, scheme: "auth", id: "" }];
    await owner.create("/private", "1", { acl });
    const [entry] = (await owner.getAcl("/private")).acl;
    assert.equal(entry?.scheme, "digest");
    assert.match(entry?.id ?? "", /^ann:/);
    const other = await context.client();
    await assert.rejects(other.get("/private"), code("NO_AUTH"));
    await assert.rejects(other.set("/private", ""), code("NO_AUTH"));
    await assert.rejects(other.create("/private/x"), code("NO_AUTH"));
    await other.addAuth("digest", "ann:secret");
    assert.equal(text((await other.get("/private")).data), "1");
    assert.deepEqual(
      (await other.whoAmI()).find(({ scheme }) => scheme === "digest"),
      { scheme: "digest", user: "ann" },
    );
  },

  async "ACLs of the world say what anyone may do"(context) {
    const zk = await context.client();
    const acl = [{ permissions: permissions.READ, scheme: "world", id: "anyone" }];
    await zk.create("/public", "1", { acl });
    assert.equal(text((await zk.get("/public")).data), "1");
    await assert.rejects(zk.set("/public", "2"), code("NO_AUTH"));
    await assert.rejects(zk.create("/public/x"), code("NO_AUTH"));
    await assert.rejects(zk.setAcl("/public", openAcl), code("NO_AUTH"));
    await assert.rejects(
      zk.create("/x", "", { acl: [{ permissions: 31, scheme: "auth", id: "" }] }),
      code("INVALID_ACL"),
    );
    // What guards a node's deletion is its parent's list.
    await zk.delete("/public");
  },

  async "ephemerals and countDescendants report what is there"(context) {
    const zk = await context.client();
    await zk.create("/a");
    await zk.create("/a/e", "", { mode: "ephemeral" });
    await zk.create("/f", "", { mode: "ephemeral" });
    assert.deepEqual((await zk.ephemerals("/")).sort(), ["/a/e", "/f"]);
    assert.deepEqual(await zk.ephemerals("/a"), ["/a/e"]);
    assert.equal(await zk.countDescendants("/"), 3);
    assert.equal(await zk.countDescendants("/a"), 1);
    await assert.rejects(zk.countDescendants("/x"), code("NO_NODE"));
  },

  async "the server's own nodes are protected"(context) {
    const zk = await context.client();
    const { ZooKeeper } = await import("../../../../zookeeper/mod.ts");
    const bare = new ZooKeeper(`127.0.0.1:${context.server.port}`);
    try {
      await assert.rejects(bare.delete("/"), code("BAD_ARGUMENTS"));
      await assert.rejects(bare.delete("/zookeeper"), code("BAD_ARGUMENTS"));
      await assert.rejects(bare.create("/"), code("NODE_EXISTS"));
      assert.deepEqual((await bare.children("/zookeeper")).children.sort(), ["config", "quota"]);
    } finally {
      await bare.close();
    }
    assert.equal(zk.state, "connected");
  },

  async "a thousand pipelined writes keep their order through a small window"(context) {
    const zk = await context.client({ maxInFlight: 7 });
    await zk.create("/n", "start");
    const stats = await Promise.all(
      Array.from({ length: 1000 }, (_, index) => zk.set("/n", `${index}`)),
    );
    assert.deepEqual(stats.map(({ version }) => version), stats.map((_, index) => index + 1));
    assert.equal(text((await zk.get("/n")).data), "999");
  },

  async "data of almost 1 MB is taken; more costs the connection, not the session"(context) {
    const zk = await context.client();
    const large = new Uint8Array(1_000_000).fill(7);
    await zk.create("/large", large);
    assert.deepEqual((await zk.get("/large")).data, large);
    const { sessionId } = zk;
    await assert.rejects(zk.set("/large", new Uint8Array(1_100_000)), code("CONNECTION_LOSS"));
    await zk.connected();
    assert.equal(zk.sessionId, sessionId);
    assert.equal((await zk.exists("/large"))?.version, 0);
  },
};
