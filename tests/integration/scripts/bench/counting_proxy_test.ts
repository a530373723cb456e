/** The proxy of bench:rollout, between the real client and the embedded server: what it counts is what was asked. */

import assert from "node:assert/strict";
import { type Counts, countsBetween } from "../../../../scripts/bench/rollout/counts.ts";
import { CountingProxy } from "../../../../scripts/bench/rollout/counting_proxy.ts";
import { op, ZooKeeper } from "../../../../zookeeper/mod.ts";
import { Coordinator } from "../../../../zookeeper/server/mod.ts";

/** Runs a test with a client behind a proxy, and one beside it. */
async function run(
  test: (bench: {
    zk: ZooKeeper;
    beside: ZooKeeper;
    counted: (work: () => Promise<unknown>) => Promise<Counts>;
  }) => Promise<void>,
): Promise<void> {
  const server = await Coordinator.listen();
  const proxy = new CountingProxy(server.port);
  const zk = new ZooKeeper(proxy.connectString);
  const beside = new ZooKeeper(`127.0.0.1:${server.port}`);
  try {
    await Promise.all([zk.connected(), beside.connected()]);
    await test({
      zk,
      beside,
      async counted(work) {
        const before = proxy.counts();
        await work();
        return countsBetween(before, proxy.counts());
      },
    });
  } finally {
    await zk.close();
    await beside.close();
    await proxy.close();
    await server.close();
  }
}

Deno.test("CountingProxy: a request is one operation, with the bytes of both ways", async () => {
  await run(async ({ zk, counted }) => {
    await zk.create("/node", "x".repeat(1_000));
    const got = await counted(() => zk.get("/node"));
    assert.deepEqual(
      { requests: got.requests, operations: got.operations, notifications: got.notifications },
      { requests: 1, operations: 1, notifications: 0 },
    );
    // Length, xid, type, path with its length, watch flag.
    assert.equal(got.requestBytes, 4 + 4 + 4 + 4 + "/node".length + 1);
    // Length, reply header, data with its length, stat.
    assert.equal(got.replyBytes, 4 + 16 + 4 + 1_000 + 68);
  });
});

Deno.test("CountingProxy: each operation of a multi counts, reads and changes", async () => {
  await run(async ({ zk, counted }) => {
    const changed = await counted(() =>
      zk.multi([
        op.create("/a", "1"),
        op.create("/a/b", "2"),
        op.check("/a", 0),
        op.set("/a", "3"),
        op.delete("/a/b"),
      ])
    );
    assert.deepEqual([changed.requests, changed.operations], [1, 5]);
    const read = await counted(() => zk.multiRead([op.get("/a"), op.children("/a"), op.get("/z")]));
    assert.deepEqual([read.requests, read.operations], [1, 3]);
  });
});

Deno.test("CountingProxy: notifications are no replies to requests", async () => {
  await run(async ({ zk, beside, counted }) => {
    await zk.create("/node");
    const counts = await counted(async () => {
      const { promise: heard, resolve } = Promise.withResolvers<void>();
      await zk.get("/node", { watch: () => resolve() });
      await beside.set("/node", "other");
      await heard;
    });
    assert.deepEqual([counts.requests, counts.notifications], [1, 1]);
  });
});

Deno.test("CountingProxy: a reply is counted in full however it is cut", async () => {
  await run(async ({ zk, counted }) => {
    const sizeBytes = 900_000;
    await zk.create("/large", new Uint8Array(sizeBytes));
    const counts = await counted(() => Promise.all([zk.get("/large"), zk.get("/large")]));
    assert.equal(counts.requests, 2);
    assert.equal(counts.replyBytes, 2 * (4 + 16 + 4 + sizeBytes + 68));
  });
});
