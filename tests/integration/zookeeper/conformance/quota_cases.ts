// Conformance: quotas, as ZooKeeper's own `setquota` makes them.
import assert from "node:assert/strict";
import { ensurePath, op, ZooKeeper, ZooKeeperError } from "../../../../zookeeper/mod.ts";
import type { CaseContext } from "../servers.ts";

const isExceeded = (error: unknown) =>
  error instanceof ZooKeeperError && error.code === "QUOTA_EXCEEDED";

/** What a quota's nodes say, and a client that can reach them. */
async function withQuota(
  context: CaseContext,
  limits: string,
  run: (zk: ZooKeeper, used: () => Promise<string>) => Promise<void>,
): Promise<void> {
  const zk = await context.client();
  const bare = new ZooKeeper(`127.0.0.1:${context.server.port}`);
  const quota = `/zookeeper/quota${context.root}`;
  try {
    await ensurePath(bare, quota);
    await bare.create(`${quota}/zookeeper_limits`, limits);
    await bare.create(`${quota}/zookeeper_stats`, "count=0,bytes=0");
    await run(zk, async () => {
      const { data, stat } = await bare.get(`${quota}/zookeeper_stats`);
      // No change that a client makes.
      assert.equal(stat.version, 0);
      return new TextDecoder().decode(data);
    });
  } finally {
    await bare.delete(`${quota}/zookeeper_limits`);
    await bare.close();
  }
}

export const quotaCases: Record<string, (context: CaseContext) => Promise<void>> = {
  async "a soft quota counts nodes and bytes, whatever changes them, and refuses nothing"(context) {
    const early = await context.client();
    await early.create("/before", "12345");
    await withQuota(context, "count=1,bytes=1", async (zk, used) => {
      // The root of the case is one of them.
      assert.equal(await used(), "count=2,bytes=5");
      await zk.create("/a", "123");
      await zk.create("/a/b", "45");
      assert.equal(await used(), "count=4,bytes=10");
      await zk.set("/a/b", "4567");
      assert.equal(await used(), "count=4,bytes=12");
      await zk.multi([op.create("/c", "1"), op.set("/a", ""), op.delete("/a/b")]);
      assert.equal(await used(), "count=4,bytes=6");
      await assert.rejects(zk.multi([op.create("/d", "1234"), op.check("/nowhere", 0)]));
      assert.equal(await used(), "count=4,bytes=6");
      const passing = await context.client();
      await passing.create("/e", "12", { mode: "ephemeral" });
      await zk.sync("/");
      assert.equal(await used(), "count=5,bytes=8");
      await passing.close();
      await zk.sync("/");
      assert.equal(await used(), "count=4,bytes=6");
    });
    // Without its limits it counts no more.
    await early.create("/later", "1");
  },

  async "a hard quota refuses the node and the byte too many, and nothing else"(context) {
    const limits = "count=1,bytes=1=;byteHardLimit=10;countHardLimit=4";
    await withQuota(context, limits, async (zk, used) => {
      await zk.create("/a", "123");
      await zk.create("/b", "123");
      await assert.rejects(zk.set("/a", "12345678"), isExceeded);
      await assert.rejects(zk.create("/c", "12345"), isExceeded);
      await zk.set("/a", "1234567");
      assert.equal(await used(), "count=3,bytes=10");
      await zk.create("/c");
      await assert.rejects(zk.create("/d"), isExceeded);
      await assert.rejects(zk.multi([op.set("/b", "1"), op.create("/d")]), isExceeded);
      // The quota is looked at before the version.
      await assert.rejects(zk.set("/b", "1234", { version: 7 }), isExceeded);
      assert.equal(await used(), "count=4,bytes=10");
      await zk.delete("/b");
      await zk.create("/d", "123");
      assert.equal(await used(), "count=4,bytes=10");
    });
  },
};
