// Conformance: the operations that came with 3.5 and later, and what the client adds to them.
import assert from "node:assert/strict";
import { op, type SessionState, ZooKeeper, ZooKeeperError } from "../../../../zookeeper/mod.ts";
import { type CaseContext, until } from "../servers.ts";

function code(expected: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ZooKeeperError, String(error));
    assert.equal(error.code, expected, error.message);
    return true;
  };
}

export const extendedCases: Record<string, (context: CaseContext) => Promise<void>> = {
  async "createWithStat gives the stat that exists gives"(context) {
    const zk = await context.client();
    const { path, stat } = await zk.createWithStat("/a", "xyz");
    assert.equal(path, "/a");
    assert.deepEqual(await zk.exists("/a"), stat);
    const numbered = await zk.createWithStat("/n-", "", { mode: "ephemeral_sequential" });
    assert.equal(numbered.path, "/n-0000000001");
    assert.equal(numbered.stat.ephemeralOwner, zk.sessionId);
    const box = await zk.createWithStat("/box", "", { mode: "container" });
    assert.deepEqual(await zk.exists("/box"), box.stat);
  },

  async "a node with a time to live goes when it has had no child and no change for so long"(
    context,
  ) {
    const zk = await context.client();
    await zk.create("/short", "", { ttlMs: 1 });
    await zk.create("/long", "", { ttlMs: 3_600_000 });
    const path = await zk.create("/n-", "", { mode: "persistent_sequential", ttlMs: 1 });
    assert.equal(path, "/n-0000000002");
    const { stat } = await zk.createWithStat("/parent", "", { ttlMs: 1 });
    assert.equal(stat.ephemeralOwner, 0n);
    await zk.create("/parent/child");
    await zk.multi([op.create("/in-multi", "", { ttlMs: 1 })]);
    await until("the short ones are gone", async () => {
      const { children } = await zk.children("/");
      return children.length === 2;
    });
    assert.deepEqual((await zk.children("/")).children.sort(), ["long", "parent"]);
    await assert.rejects(zk.create("/bad", "", { ttlMs: 0 }), code("BAD_ARGUMENTS"));
    await assert.rejects(zk.create("/bad", "", { ttlMs: 2 ** 40 }), code("BAD_ARGUMENTS"));
    await assert.rejects(
      zk.create("/bad", "", { mode: "ephemeral", ttlMs: 5 }),
      code("BAD_ARGUMENTS"),
    );
    await assert.rejects(
      zk.multi([op.create("/bad", "", { mode: "ephemeral", ttlMs: 5 })]),
      code("BAD_ARGUMENTS"),
    );
  },

  async "a container goes once its last child has gone, and never before it had one"(context) {
    const zk = await context.client();
    await zk.create("/used", "", { mode: "container" });
    await zk.create("/fresh", "", { mode: "container" });
    await zk.create("/used/child");
    await zk.delete("/used/child");
    await until("it is gone", async () => await zk.exists("/used") === null);
    assert.notEqual(await zk.exists("/fresh"), null);
  },

  async "config shows the server's configuration whatever the chroot"(context) {
    const zk = await context.client();
    const { text, servers, version, stat } = await zk.config();
    assert.equal(stat.dataSizeBytes, text.length);
    const isEnsemble = context.server.connectString.includes(",");
    assert.equal(servers.length, isEnsemble ? 3 : 0);
    assert.equal(version, isEnsemble ? 0n : undefined);
    await zk.config({ watch: () => {} });
    await zk.removeWatches("/");
  },

  async "removeWatches ends what a path is watched for, by kind"(context) {
    const zk = await context.client();
    await zk.create("/a");
    const heard: string[] = [];
    const listen = (name: string) => () => void heard.push(name);
    await zk.get("/a", { watch: listen("data") });
    await zk.children("/a", { watch: listen("children") });
    await zk.exists("/b", { watch: listen("exists") });
    assert.equal(await zk.removeWatches("/a", { kind: "data" }), true);
    assert.equal(await zk.removeWatches("/a", { kind: "data" }), false);
    assert.equal(await zk.removeWatches("/b"), true);
    await zk.set("/a", "1");
    await zk.create("/b");
    await zk.create("/a/c");
    assert.deepEqual(heard, ["children"]);
    await zk.watch("/a", {}, listen("persistent"));
    await zk.get("/a", { watch: listen("leaning") });
    // The persistent watch stays, and at the server it is what served the other.
    assert.equal(await zk.removeWatches("/a", { kind: "data" }), true);
    await zk.set("/a", "2");
    assert.deepEqual(heard, ["children", "persistent"]);
    await zk.watch("/a", { recursive: true }, listen("recursive"));
    assert.equal(await zk.removeWatches("/a"), true);
    await zk.set("/a", "3");
    await zk.get("/a");
    assert.deepEqual(heard, ["children", "persistent"]);
    assert.equal(await zk.removeWatches("/never"), false);
  },

  async "childNames lists and watches as children does"(context) {
    const zk = await context.client();
    await zk.create("/a");
    let events = 0;
    assert.deepEqual(await zk.childNames("/a", { watch: () => events++ }), []);
    await zk.create("/a/b");
    assert.equal(events, 1);
    assert.deepEqual(await zk.childNames("/a"), ["b"]);
    await assert.rejects(zk.childNames("/x"), code("NO_NODE"));
  },

  async "ensureChroot makes the chroot, as often as it is called"(context) {
    const zk = new ZooKeeper(`127.0.0.1:${context.server.port}${context.root}/not/there/yet`);
    try {
      await assert.rejects(zk.create("/a"), code("NO_NODE"));
      await zk.ensureChroot();
      await zk.ensureChroot();
      assert.equal(await zk.create("/a"), "/a");
    } finally {
      await zk.close();
    }
  },

  async "states yields the present state and all that follow"(context) {
    const zk = context.unconnected();
    const states: SessionState[] = [];
    for await (const state of zk.states()) {
      states.push(state);
      if (state === "connected") void zk.close();
    }
    assert.deepEqual(states, ["connecting", "connected", "closed"]);
  },

  async "whoever may not read a node hears nothing of it, and sees no hashes"(context) {
    const owner = await context.client();
    const other = await context.client();
    await owner.addAuth("digest", "ann:secret");
    const heard: string[] = [];
    await other.watch("/", { recursive: true }, ({ path }) => heard.push(path));
    await owner.create("/secret", "", { acl: [{ permissions: 31, scheme: "auth", id: "" }] });
    await owner.set("/secret", "1");
    await owner.create("/open");
    await until("the open one is heard of", () => heard.includes("/open"));
    assert.deepEqual(heard, ["/open"]);
    await owner.setAcl("/open", [
      { permissions: 1, scheme: "world", id: "anyone" },
      { permissions: 31, scheme: "auth", id: "" },
    ]);
    assert.equal((await other.getAcl("/open")).acl[1]?.id, "ann:x");
    assert.match((await owner.getAcl("/open")).acl[1]?.id ?? "", /^ann:.{28}$/);
  },
};
