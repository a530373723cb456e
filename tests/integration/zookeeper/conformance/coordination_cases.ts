// Conformance of the recipes that several clients share: admission, queue, cached subtree.
import assert from "node:assert/strict";
import {
  admit,
  CachedTree,
  joinQueue,
  leave,
  type ZooKeeper,
  ZooKeeperError,
} from "../../../../zookeeper/mod.ts";
import { type CaseContext, causes, until } from "../servers.ts";
import { expireSession } from "../../../../zookeeper/testing/mod.ts";

const text = (data: Uint8Array | undefined) => new TextDecoder().decode(data);

export const coordinationCases: Record<string, (context: CaseContext) => Promise<void>> = {
  async "admit lets in no more than may enter, however many try at once"(context) {
    const clients = await Promise.all(Array.from({ length: 6 }, () => context.client()));
    const [first] = clients as [ZooKeeper];
    await first.create("/slots");
    let most = 0;
    const results = await Promise.all(
      clients.flatMap((zk, index) =>
        [0, 1].map((part) =>
          admit(zk, "/slots", {
            name: `host-${index}-${part}`,
            mayEnter: (inside) => {
              most = Math.max(most, inside.length);
              return inside.length < 3;
            },
          })
        )
      ),
    );
    assert.equal(results.filter(Boolean).length, 3);
    const inside = await first.childNames("/slots");
    assert.equal(inside.length, 3);
    assert.equal(most, 3);
    // Whoever is in is told so again, and who leaves makes room.
    const [one = ""] = inside;
    assert.equal(await admit(first, "/slots", { name: one, mayEnter: () => false }), true);
    await leave(first, "/slots", { name: one });
    await leave(first, "/slots", { name: one });
    assert.equal(
      await admit(first, "/slots", { name: "late", mayEnter: ({ length }) => length < 3 }),
      true,
    );
  },

  async "admit counts once when the reply is lost"(context) {
    const proxy = context.proxy();
    const zk = await context.client({ via: proxy });
    await zk.create("/slots");
    const admitted = admit(zk, "/slots", {
      name: "me",
      mayEnter: async () => {
        // The reply to the decision itself.
        void proxy.loseReply();
        return await Promise.resolve(true);
      },
    });
    assert.equal(await admitted, true);
    const { children, stat } = await zk.children("/slots");
    assert.deepEqual(children, ["me"]);
    assert.equal(stat.version, 1);
  },

  async "a queue gives turns in the order of joining, and wakes one at a time"(context) {
    const clients = await Promise.all([1, 2, 3].map(() => context.client()));
    const [first] = clients as [ZooKeeper];
    await first.create("/queue");
    const order: number[] = [];
    const places = [];
    for (const [index, zk] of clients.entries()) {
      const place = await joinQueue(zk, "/queue/n-", { data: `${index}` });
      places.push(place);
    }
    const done = places.map(async (place, index) => {
      await place.turn();
      order.push(index);
      assert.deepEqual(await place.before(), []);
      await place.leave();
    });
    await Promise.all(done);
    assert.deepEqual(order, [0, 1, 2]);
    assert.deepEqual(await first.childNames("/queue"), []);
    await assert.rejects(
      places[0]?.turn() ?? Promise.resolve(),
      (error) => error instanceof ZooKeeperError && error.code === "NO_NODE",
    );
  },

  async "a queue's places end with their sessions, and waiting can be given up"(context) {
    const proxy = context.proxy();
    const ahead = await context.client({ via: proxy });
    const behind = await context.client();
    await behind.create("/queue");
    const lost = await joinQueue(ahead, "/queue/n-");
    const place = await joinQueue(behind, "/queue/n-");
    assert.deepEqual(await place.before(), [lost.path]);
    const giveUp = new AbortController();
    const waiting = place.turn({ signal: giveUp.signal });
    giveUp.abort(new Error("no longer wanted"));
    await assert.rejects(waiting, /no longer wanted/);
    const turn = place.turn();
    assert.ok(proxy.session);
    await causes("expired", ahead, () => {
      void expireSession(
        context.server,
        proxy.session ?? { id: 0n, password: new Uint8Array() },
      );
    });
    await turn;
    await ahead.connected();
    await assert.rejects(lost.turn(), /place in the queue is gone/);
  },

  async "a persistent place waits for its owner, through lost and expired sessions"(context) {
    const proxy = context.proxy();
    const ahead = await context.client();
    const behind = await context.client({ via: proxy });
    await ahead.create("/queue");
    const first = await joinQueue(ahead, "/queue/n-");
    const place = await joinQueue(behind, "/queue/n-", { ephemeral: false, id: "me" });
    const turn = place.turn();
    assert.ok(proxy.session);
    const { session } = proxy;
    await causes("expired", behind, () => void expireSession(context.server, session));
    const again = await joinQueue(behind, "/queue/n-", { ephemeral: false, id: "me" });
    assert.equal(again.path, place.path);
    await first.leave();
    await turn;
    await again.turn();
    await place.leave();
    assert.deepEqual(await ahead.childNames("/queue"), []);
  },

  async "a cached tree follows every change, through lost connections and expired sessions"(
    context,
  ) {
    const proxy = context.proxy();
    const zk = await context.client({ via: proxy });
    const writer = await context.client();
    await writer.create("/t", "0");
    await writer.create("/t/a", "1");
    const changes: string[] = [];
    const tree = await CachedTree.open(zk, "/t", {
      onChange: (paths) => changes.push(...paths),
    });
    assert.deepEqual([...tree.paths()].sort(), ["/t", "/t/a"]);
    changes.length = 0;
    await writer.create("/t/a/b", "2");
    await writer.set("/t", "00");
    await until("it has followed", () => text(tree.get("/t")?.data) === "00");
    await until("it has followed", () => tree.get("/t/a/b") !== undefined);
    assert.deepEqual(tree.children("/t"), ["a"]);
    assert.ok(changes.includes("/t/a/b"));
    await causes("suspended", zk, () => proxy.refuse());
    await writer.delete("/t/a/b");
    await writer.create("/t/c", "3");
    proxy.admit();
    await until("it has caught up", () => !tree.get("/t/a/b") && tree.get("/t/c") !== undefined);
    assert.ok(proxy.session);
    const session = proxy.session;
    await causes("expired", zk, () => void expireSession(context.server, session));
    await writer.set("/t/c", "33");
    await until("it has caught up", () => text(tree.get("/t/c")?.data) === "33");
    for (const path of ["/t/c", "/t/a", "/t"]) await writer.delete(path);
    await until("it is empty", () => tree.size === 0);
    await tree.close();
  },
};
