// Conformance: watches, their order against replies, and their life across connections and sessions.
import assert from "node:assert/strict";
import { op, type WatchEvent } from "../../../../zookeeper/mod.ts";
import { type CaseContext, causes, until } from "../servers.ts";

/** Records events as `type path`. */
function recorder() {
  const events: string[] = [];
  return {
    events,
    listener: ({ type, path }: WatchEvent) => void events.push(`${type} ${path}`),
  };
}

const text = (data: Uint8Array) => new TextDecoder().decode(data);

export const watchCases: Record<string, (context: CaseContext) => Promise<void>> = {
  async "one-shot watches fire once, for what their read asked about"(context) {
    const zk = await context.client();
    const exists = recorder();
    const data = recorder();
    const children = recorder();
    assert.equal(await zk.exists("/a", { watch: exists.listener }), null);
    await zk.create("/a", "0");
    assert.deepEqual(exists.events, ["created /a"]);
    await zk.get("/a", { watch: data.listener });
    await zk.children("/a", { watch: children.listener });
    await zk.set("/a", "1");
    await zk.set("/a", "2");
    assert.deepEqual(data.events, ["data_changed /a"]);
    assert.deepEqual(children.events, []);
    await zk.create("/a/b");
    await zk.create("/a/c");
    assert.deepEqual(children.events, ["children_changed /a"]);
    assert.deepEqual(exists.events, ["created /a"]);
    assert.deepEqual(data.events, ["data_changed /a"]);
  },

  async "one-shot watches on data and on children hear of the node's deletion"(context) {
    const zk = await context.client();
    await zk.create("/a");
    const data = recorder();
    const children = recorder();
    await zk.exists("/a", { watch: data.listener });
    await zk.children("/a", { watch: children.listener });
    await zk.delete("/a");
    assert.deepEqual(data.events, ["deleted /a"]);
    assert.deepEqual(children.events, ["deleted /a"]);
  },

  async "a watch is not left by a read that failed"(context) {
    const zk = await context.client();
    const { events, listener } = recorder();
    await assert.rejects(zk.get("/a", { watch: listener }));
    await assert.rejects(zk.children("/a", { watch: listener }));
    await zk.create("/a");
    await zk.set("/a", "1");
    assert.deepEqual(events, []);
  },

  async "an event arrives before any newer data"(context) {
    const reader = await context.client();
    const writer = await context.client();
    await writer.create("/a", "0");
    for (let round = 1; round <= 50; round++) {
      const { events, listener } = recorder();
      await reader.get("/a", { watch: listener });
      const written = writer.set("/a", `${round}`);
      while (text((await reader.get("/a")).data) !== `${round}`);
      assert.deepEqual(events, ["data_changed /a"], `round ${round}`);
      await written;
    }
  },

  async "events and replies are handed over in the order of the wire"(context) {
    const zk = await context.client();
    await zk.create("/a");
    const log: string[] = [];
    await zk.watch("/a", {}, ({ type }) => log.push(type));
    // A caller may sit behind several promises; its turn comes first all the same.
    const set = async (index: number) => {
      await (async () => await zk.set("/a", `${index}`))();
      log.push(`reply ${index}`);
    };
    await Promise.all([set(0), set(1), set(2), set(3)]);
    assert.deepEqual(log, [0, 1, 2, 3].flatMap((index) => ["data_changed", `reply ${index}`]));
  },

  async "a persistent watch stays, and hears of the node and its children's coming and going"(
    context,
  ) {
    const zk = await context.client();
    const { events, listener } = recorder();
    const watch = await zk.watch("/a", {}, listener);
    await zk.create("/a");
    await zk.set("/a", "1");
    await zk.set("/a", "2");
    await zk.create("/a/b");
    await zk.set("/a/b", "not ours");
    await zk.create("/a/b/c");
    await zk.delete("/a/b/c");
    await zk.delete("/a/b");
    await zk.delete("/a");
    await zk.create("/a");
    const expected = [
      "created /a",
      "data_changed /a",
      "data_changed /a",
      "children_changed /a",
      "children_changed /a",
      "deleted /a",
      "created /a",
    ];
    assert.deepEqual(events, expected);
    await watch.remove();
    await zk.set("/a", "3");
    await zk.get("/a");
    assert.deepEqual(events, expected);
    await watch.remove();
  },

  async "a recursive watch hears of every node below, and of no children_changed"(context) {
    const zk = await context.client();
    await zk.create("/a");
    const { events, listener } = recorder();
    await zk.watch("/a", { recursive: true }, listener);
    await zk.create("/a/b");
    await zk.create("/a/b/c", "1");
    await zk.set("/a/b/c", "2");
    await zk.create("/ab");
    await zk.multi([op.set("/a", "1"), op.delete("/a/b/c")]);
    assert.deepEqual(events, [
      "created /a/b",
      "created /a/b/c",
      "data_changed /a/b/c",
      "data_changed /a",
      "deleted /a/b/c",
    ]);
  },

  async "a recursive watch on the root covers everything"(context) {
    const zk = await context.client();
    const { events, listener } = recorder();
    await zk.watch("/", { recursive: true }, listener);
    await zk.create("/a");
    await zk.create("/a/b");
    assert.deepEqual(events, ["created /a", "created /a/b"]);
  },

  async "a one-shot watch and a persistent one on the same node do not disturb each other"(
    context,
  ) {
    const zk = await context.client();
    await zk.create("/a", "0");
    const before = recorder();
    const persistent = recorder();
    const after = recorder();
    const children = recorder();
    await zk.get("/a", { watch: before.listener });
    const watch = await zk.watch("/a", {}, persistent.listener);
    await zk.get("/a", { watch: after.listener });
    await zk.children("/a", { watch: children.listener });
    await zk.set("/a", "1");
    await zk.set("/a", "2");
    await zk.create("/a/b");
    assert.deepEqual(before.events, ["data_changed /a"]);
    assert.deepEqual(after.events, ["data_changed /a"]);
    assert.deepEqual(children.events, ["children_changed /a"]);
    assert.deepEqual(persistent.events, [
      "data_changed /a",
      "data_changed /a",
      "children_changed /a",
    ]);
    // A one-shot watch that leaned on the persistent one is told when that goes.
    const leaning = recorder();
    await zk.get("/a", { watch: leaning.listener });
    await watch.remove();
    assert.deepEqual(leaning.events, ["resync /a"]);
  },

  async "plain and recursive listeners share one node, each with its own kind of events"(context) {
    const zk = await context.client();
    await zk.create("/a");
    const plain = recorder();
    const recursive = recorder();
    const oneShot = recorder();
    await zk.watch("/a", {}, plain.listener);
    const watch = await zk.watch("/a", { recursive: true }, recursive.listener);
    await zk.children("/a", { watch: oneShot.listener });
    await zk.create("/a/b");
    await zk.create("/a/b/c");
    await zk.set("/a", "1");
    assert.deepEqual(plain.events, ["children_changed /a", "data_changed /a"]);
    assert.deepEqual(recursive.events, ["created /a/b", "created /a/b/c", "data_changed /a"]);
    assert.deepEqual(oneShot.events, ["children_changed /a"]);
    await watch.remove();
    await zk.set("/a", "2");
    await zk.create("/a/d");
    assert.deepEqual(plain.events.slice(2), ["data_changed /a", "children_changed /a"]);
    assert.equal(recursive.events.length, 3);
  },

  async "a listener that throws harms nobody"(context) {
    const zk = await context.client();
    const { events, listener } = recorder();
    await zk.create("/a");
    await zk.watch("/a", {}, () => {
      throw new Error("on purpose");
    });
    await zk.watch("/a", {}, listener);
    await zk.set("/a", "1");
    assert.deepEqual(events, ["data_changed /a"]);
    assert.equal(zk.state, "connected");
  },

  async "watches survive a lost connection, and persistent ones say that events may be missing"(
    context,
  ) {
    const proxy = context.proxy();
    const zk = await context.client({ via: proxy });
    const other = await context.client();
    await other.create("/a", "0");
    await other.create("/b", "0");
    const persistent = recorder();
    const recursive = recorder();
    const changed = recorder();
    const unchanged = recorder();
    const appeared = recorder();
    const children = recorder();
    await zk.watch("/a", {}, persistent.listener);
    await zk.watch("/", { recursive: true }, recursive.listener);
    await zk.get("/b", { watch: changed.listener });
    await zk.exists("/new", { watch: appeared.listener });
    await zk.children("/b", { watch: children.listener });
    await other.create("/c", "0");
    await zk.sync("/c");
    await zk.get("/c", { watch: unchanged.listener });
    recursive.events.length = 0;
    await causes("suspended", zk, () => proxy.refuse());
    await other.set("/a", "1");
    await other.set("/b", "1");
    await other.create("/new");
    await other.create("/b/x");
    proxy.admit();
    await zk.connected();
    await until("the watches are restored", () => recursive.events.includes("resync /"));
    assert.deepEqual(persistent.events, ["resync /a"]);
    // It hears what the one-shot watches are told, too, and then that there may be more.
    assert.equal(recursive.events.splice(0).at(-1), "resync /");
    assert.deepEqual(changed.events, ["data_changed /b"]);
    assert.deepEqual(appeared.events, ["created /new"]);
    assert.deepEqual(children.events, ["children_changed /b"]);
    assert.deepEqual(unchanged.events, []);
    await other.set("/a", "2");
    await other.set("/c", "2");
    await zk.sync("/");
    assert.deepEqual(persistent.events, ["resync /a", "data_changed /a"]);
    assert.deepEqual(recursive.events, ["data_changed /a", "data_changed /c"]);
    assert.deepEqual(unchanged.events, ["data_changed /c"]);
  },

  async "more watches than fit into one frame survive a lost connection"(context) {
    const proxy = context.proxy();
    const zk = await context.client({ via: proxy });
    const other = await context.client();
    const count = 2_000;
    const path = (index: number) => `/${"long-name-".repeat(20)}${index}`;
    const fired = new Set<string>();
    const indices = Array.from({ length: count }, (_, index) => index);
    await Promise.all(
      indices.map((index) =>
        zk.exists(path(index), { watch: (event) => fired.add(`${event.type} ${event.path}`) })
      ),
    );
    await causes("suspended", zk, () => proxy.cut());
    await zk.connected();
    // A reply on the new connection comes after those to the restored watches.
    await zk.sync("/");
    assert.equal(fired.size, 0);
    await Promise.all(indices.map((index) => other.create(path(index))));
    await zk.sync("/");
    assert.equal(fired.size, count);
  },
};
