// Conformance: sessions, connections that break, servers that refuse, and the end of a session.
import assert from "node:assert/strict";
import { type SessionState, type WatchEvent, ZooKeeperError } from "../../../../zookeeper/mod.ts";
import { type CaseContext, causes, until } from "../servers.ts";
import {
  expireSession,
  type FaultyProxy,
  type GrantedSession,
} from "../../../../zookeeper/testing/mod.ts";

function overheard(proxy: FaultyProxy): GrantedSession {
  assert.ok(proxy.session);
  return proxy.session;
}

export const sessionCases: Record<string, (context: CaseContext) => Promise<void>> = {
  async "close ends the session: its ephemeral nodes vanish at once"(context) {
    const zk = await context.client({ sessionTimeoutMs: 10_000 });
    const other = await context.client();
    await zk.create("/e", "", { mode: "ephemeral" });
    await zk.create("/p");
    assert.equal((await other.exists("/e"))?.ephemeralOwner, zk.sessionId);
    await zk.close();
    assert.equal(zk.state, "closed");
    await other.sync("/");
    assert.deepEqual((await other.children("/")).children, ["p"]);
    await assert.rejects(
      zk.get("/p"),
      (error) => error instanceof ZooKeeperError && error.code === "CLOSED",
    );
    await zk.close();
  },

  async "a session whose client is silent expires: its ephemeral nodes vanish"(context) {
    const proxy = context.proxy();
    const zk = await context.client({ via: proxy, sessionTimeoutMs: 1_000 });
    const other = await context.client();
    await zk.create("/e", "", { mode: "ephemeral" });
    const events: string[] = [];
    await other.watch("/e", {}, ({ type }) => events.push(type));
    proxy.refuse();
    await until("the node is gone", () => events.includes("deleted"));
    assert.equal(await other.exists("/e"), null);
  },

  async "an idle session stays alive"(context) {
    const zk = await context.client({ sessionTimeoutMs: 1_000 });
    await zk.create("/e", "", { mode: "ephemeral" });
    const states: SessionState[] = [];
    zk.onState((state) => states.push(state));
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    assert.notEqual(await zk.exists("/e"), null);
    assert.deepEqual(states, []);
  },

  async "the server grants a time-out within its limits"(context) {
    const zk = await context.client({ sessionTimeoutMs: 1 });
    assert.equal(zk.sessionTimeoutMs, 1_000);
  },

  async "a session survives a lost connection, with its ephemeral nodes"(context) {
    const proxy = context.proxy();
    const zk = await context.client({ via: proxy });
    const states: SessionState[] = [];
    zk.onState((state) => states.push(state));
    await zk.create("/e", "", { mode: "ephemeral" });
    const { sessionId } = zk;
    for (let round = 1; round <= 3; round++) {
      await causes("suspended", zk, () => proxy.cut());
      await zk.connected();
    }
    assert.equal(zk.sessionId, sessionId);
    assert.equal((await zk.exists("/e"))?.ephemeralOwner, sessionId);
    assert.deepEqual(states, [1, 2, 3].flatMap(() => ["suspended", "connected"]));
  },

  async "a request in flight fails with CONNECTION_LOSS and an unknown outcome"(context) {
    const proxy = context.proxy();
    const zk = await context.client({ via: proxy });
    const other = await context.client();
    const answered = proxy.holdReplies();
    const create = zk.create("/a");
    await answered;
    proxy.cut();
    await assert.rejects(create, (error) => {
      assert.ok(error instanceof ZooKeeperError);
      assert.equal(error.code, "CONNECTION_LOSS");
      assert.equal(error.outcomeUnknown, true);
      return true;
    });
    // It had happened all the same.
    assert.notEqual(await other.exists("/a"), null);
  },

  async "a request issued without a connection waits for the next one"(context) {
    const proxy = context.proxy();
    const zk = await context.client({ via: proxy });
    await causes("suspended", zk, () => proxy.refuse());
    const create = zk.create("/a");
    proxy.admit();
    assert.equal(await create, "/a");
  },

  async "a client goes on to the next server of its list"(context) {
    const proxies = [context.proxy(), context.proxy(), context.proxy()];
    const zk = await context.client({ via: proxies });
    const { sessionId } = zk;
    for (let round = 0; round < 6; round++) {
      const used = proxies.find((proxy) => proxy.connectString === zk.server);
      assert.ok(used);
      await causes("suspended", zk, () => used.refuse());
      await zk.connected();
      assert.notEqual(zk.server, used.connectString);
      used.admit();
    }
    assert.equal(zk.sessionId, sessionId);
  },

  async "an expired session is reported once and followed by a new one, with the watches"(context) {
    const proxy = context.proxy();
    const zk = await context.client({ via: proxy, sessionTimeoutMs: 5_000 });
    const other = await context.client();
    await zk.create("/e", "", { mode: "ephemeral" });
    await other.create("/a");
    const states: SessionState[] = [];
    const persistent: WatchEvent[] = [];
    const oneShot: WatchEvent[] = [];
    zk.onState((state) => states.push(state));
    await zk.watch("/a", {}, (event) => persistent.push(event));
    await zk.get("/a", { watch: (event) => oneShot.push(event) });
    await zk.exists("/b", { watch: (event) => oneShot.push(event) });
    const { sessionId } = zk;
    await expireSession(context.server, overheard(proxy));
    await until("there is a new session", () => states.includes("expired") && zk.sessionId !== 0n);
    await zk.connected();
    assert.notEqual(zk.sessionId, sessionId);
    assert.deepEqual(states, ["suspended", "expired", "connecting", "connected"]);
    assert.equal(await zk.exists("/e"), null);
    await until("the watch is restored", () => persistent.length > 0);
    assert.deepEqual(persistent, [{ type: "resync", path: "/a" }]);
    assert.deepEqual(oneShot.map(({ type, path }) => `${type} ${path}`).sort(), [
      "resync /a",
      "resync /b",
    ]);
    await other.set("/a", "1");
    await other.create("/b");
    await zk.sync("/");
    assert.deepEqual(persistent.at(-1), { type: "data_changed", path: "/a" });
    assert.equal(oneShot.length, 2);
  },

  async "a client that is cut off says suspended, then expired by its own clock"(context) {
    const proxy = context.proxy();
    const zk = await context.client({ via: proxy, sessionTimeoutMs: 1_000 });
    const states: SessionState[] = [];
    zk.onState((state) => states.push(state));
    const { sessionId } = zk;
    await causes("suspended", zk, () => proxy.refuse());
    const waiting = zk.create("/meant-for-the-old-session", "", { mode: "ephemeral" });
    await assert.rejects(
      waiting,
      (error) => error instanceof ZooKeeperError && error.code === "SESSION_EXPIRED",
    );
    assert.deepEqual(states, ["suspended", "expired", "connecting"]);
    assert.equal(zk.sessionId, 0n);
    proxy.admit();
    await zk.connected();
    assert.notEqual(zk.sessionId, sessionId);
    assert.equal(await zk.exists("/meant-for-the-old-session"), null);
  },

  async "a call gives up at its deadline or when its signal aborts"(context) {
    const proxy = context.proxy();
    const zk = await context.client({ via: proxy });
    const code = (expected: string, outcomeUnknown: boolean) => (error: unknown) => {
      assert.ok(error instanceof ZooKeeperError);
      assert.equal(error.code, expected);
      assert.equal(error.outcomeUnknown, outcomeUnknown);
      return true;
    };
    const answered = proxy.holdReplies();
    const sent = zk.create("/sent", "", { timeoutMs: 100 });
    const controller = new AbortController();
    const aborted = zk.create("/aborted", "", { signal: controller.signal });
    await assert.rejects(sent, code("OPERATION_TIMEOUT", true));
    await answered;
    controller.abort(new Error("no longer wanted"));
    await assert.rejects(aborted, /no longer wanted/);
    await assert.rejects(zk.get("/a", { signal: controller.signal }), /no longer wanted/);
    await causes("suspended", zk, () => proxy.refuse());
    await assert.rejects(zk.get("/a", { timeoutMs: 50 }), code("OPERATION_TIMEOUT", false));
    proxy.admit();
    await zk.connected();
    // Late replies have not put the requests after them out of step.
    assert.notEqual(await zk.exists("/sent"), null);
  },

  async "credentials that a server refuses are forgotten, and the client goes on"(context) {
    const zk = await context.client();
    const { sessionId } = zk;
    const refused = (error: unknown) =>
      error instanceof ZooKeeperError && error.code === "AUTH_FAILED";
    await assert.rejects(zk.addAuth("unheard-of", "x"), refused);
    await zk.connected();
    assert.deepEqual((await zk.children("/")).children, []);
    assert.equal(zk.sessionId, sessionId);
    await zk.addAuth("digest", "bob:secret");
    await zk.addAuth("digest", "bob:secret");
    assert.equal((await zk.whoAmI()).filter(({ user }) => user === "bob").length, 1);
    // Added before there is a connection, they are waited for all the same.
    const early = context.unconnected();
    await assert.rejects(early.addAuth("unheard-of", "x"), refused);
    await early.addAuth("digest", "ann:secret");
    assert.ok((await early.whoAmI()).some(({ user }) => user === "ann"));
  },

  async "credentials are given again on every new connection"(context) {
    const proxy = context.proxy();
    const zk = await context.client({ via: proxy });
    await zk.addAuth("digest", "bob:secret");
    await causes("suspended", zk, () => proxy.cut());
    await zk.connected();
    assert.ok(
      (await zk.whoAmI()).some(({ scheme, user }) => scheme === "digest" && user === "bob"),
    );
  },
};
