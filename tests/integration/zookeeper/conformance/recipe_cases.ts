// Conformance: the recipes on top of the client.
import assert from "node:assert/strict";
import {
  createProtected,
  ensurePath,
  registerEphemeral,
  sequenceNumber,
  ZooKeeperError,
} from "../../../../zookeeper/mod.ts";
import { baseName } from "../../../../zookeeper/paths.ts";
import type { CaseContext } from "../servers.ts";
import { expireSession } from "../../../../zookeeper/testing/mod.ts";

const text = (data: Uint8Array) => new TextDecoder().decode(data);

export const recipeCases: Record<string, (context: CaseContext) => Promise<void>> = {
  async "ensurePath makes a node and its ancestors, again and at the same time"(context) {
    const zk = await context.client();
    await Promise.all([1, 2, 3, 4].map(() => ensurePath(zk, "/a/b/c/d")));
    await ensurePath(zk, "/a/b/c/d");
    await ensurePath(zk, "/a/b/x");
    await ensurePath(zk, "/");
    assert.deepEqual((await zk.children("/a/b")).children.sort(), ["c", "x"]);
  },

  async "registerEphemeral replaces the ghost of an earlier session"(context) {
    const ghost = await context.client();
    const zk = await context.client();
    await ghost.create("/host", "old", { mode: "ephemeral" });
    await registerEphemeral(zk, "/host", { data: "new" });
    const { data, stat } = await zk.get("/host");
    assert.equal(text(data), "new");
    assert.equal(stat.ephemeralOwner, zk.sessionId);
    await ghost.close();
    assert.notEqual(await zk.exists("/host"), null);
  },

  async "registerEphemeral takes its own node for its own, and leaves persistent ones alone"(
    context,
  ) {
    const zk = await context.client();
    await registerEphemeral(zk, "/host", { data: "1" });
    const first = await zk.exists("/host");
    await registerEphemeral(zk, "/host", { data: "2" });
    const { data, stat } = await zk.get("/host");
    assert.equal(text(data), "2");
    assert.equal(stat.czxid, first?.czxid);
    await zk.create("/kept");
    await assert.rejects(
      registerEphemeral(zk, "/kept"),
      (error) => error instanceof ZooKeeperError && error.code === "NODE_EXISTS",
    );
  },

  async "registerEphemeral survives a lost reply"(context) {
    const proxy = context.proxy();
    const zk = await context.client({ via: proxy });
    const answered = proxy.holdReplies();
    const registering = registerEphemeral(zk, "/host", { data: "1" });
    await answered;
    proxy.cut();
    await registering;
    assert.equal((await zk.exists("/host"))?.ephemeralOwner, zk.sessionId);
  },

  async "createProtected makes one node, also when the reply is lost"(context) {
    const proxy = context.proxy();
    const zk = await context.client({ via: proxy });
    await zk.create("/queue");
    const first = await createProtected(zk, "/queue/n-", { mode: "ephemeral_sequential" });
    assert.equal(sequenceNumber(first), 0);
    const answered = proxy.holdReplies();
    const creating = createProtected(zk, "/queue/n-", { mode: "ephemeral_sequential" });
    await answered;
    proxy.cut();
    const second = await creating;
    assert.equal(sequenceNumber(second), 1);
    const { children } = await zk.children("/queue");
    assert.deepEqual(children.map((name) => `/queue/${name}`).sort(), [first, second].sort());
  },

  async "createProtected finds what an earlier call with its id made"(context) {
    const zk = await context.client();
    await zk.create("/queue");
    const first = await createProtected(zk, "/queue/n-", { id: "host_1" });
    assert.equal(await createProtected(zk, "/queue/n-", { id: "host_1" }), first);
    assert.equal((await zk.childNames("/queue")).length, 1);
    await zk.delete(first);
    assert.equal(sequenceNumber(await createProtected(zk, "/queue/n-", { id: "host_1" })), 1);
    for (const id of ["", "a-b", "a/b", "x".repeat(65)]) {
      await assert.rejects(
        createProtected(zk, "/queue/n-", { id }),
        (error) => error instanceof ZooKeeperError && error.code === "BAD_ARGUMENTS",
      );
    }
  },

  async "createProtected makes one node, also when the session ends with the reply"(context) {
    for (const mode of ["persistent_sequential", "ephemeral_sequential"] as const) {
      const proxy = context.proxy();
      const zk = await context.client({ via: proxy });
      const { session } = proxy;
      assert.ok(session);
      await zk.create(`/${mode}`);
      const answered = proxy.holdReplies();
      const creating = createProtected(zk, `/${mode}/n-`, { mode });
      await answered;
      // It has happened; now neither its reply nor its session is there any more.
      await expireSession(context.server, session);
      proxy.cut();
      const path = await creating;
      assert.deepEqual(await zk.childNames(`/${mode}`), [baseName(path)]);
      const owner = (await zk.exists(path))?.ephemeralOwner;
      assert.equal(owner, mode === "ephemeral_sequential" ? zk.sessionId : 0n);
    }
  },
};
