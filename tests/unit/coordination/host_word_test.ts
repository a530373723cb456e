import assert from "node:assert/strict";
import { retryHost, skipHost } from "../../../coordination/mod.ts";
import { RolloutError } from "../../../rollout/mod.ts";
import {
  admit,
  afterNextChange,
  losesNextReply,
  read,
  reportFailed,
  roll,
  TestTree,
} from "./tree.ts";

const SKIP = { host: "web-2", by: "ann", reason: "slow disk", sinceMs: 5 } as const;

Deno.test("skipHost, retryHost: what is said, once, also if the reply is lost", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1", "web-2");
    await roll(zk, "2");
    const { service, slot } = await skipHost(losesNextReply(zk), SKIP);
    assert.deepEqual([service, slot.reason], ["web", "skipped by ann: slow disk"]);
    assert.equal((await read(zk)).view.slots.get("web-2")?.skipped?.by, "ann");
    await assert.rejects(
      () => skipHost(zk, SKIP),
      /^RolloutError: skip web-2: web-2 is left out already: skipped by ann.*; nothing was changed/,
    );
    await retryHost(losesNextReply(zk), SKIP);
    assert.equal((await read(zk)).view.slots.size, 0);
    await assert.rejects(() => retryHost(zk, SKIP), RolloutError);
  });
});

Deno.test("skipHost: not over a slot that the host takes at that moment", async () => {
  await TestTree.run(async (tree, zk) => {
    const hosts = await tree.addHosts("web-1", "web-2");
    const host = hosts.get("web-2");
    assert.ok(host);
    await roll(zk, "2");
    const racing = afterNextChange(zk, () => admit(host, "web-2", "2"));
    await assert.rejects(() => skipHost(racing, SKIP), /web-2 is switching web to 2 \(draining\)/);
    assert.equal((await read(zk)).view.slots.get("web-2")?.step, "draining");
  });
});

Deno.test("retryHost: of a failure that a change beside it has moved on", async () => {
  await TestTree.run(async (tree, zk) => {
    const hosts = await tree.addHosts("web-1", "web-2");
    const host = hosts.get("web-2");
    assert.ok(host);
    await roll(zk, "2", { maxFailures: 1 });
    const slot = {
      ...await admit(host, "web-2", "2"),
      step: "reporting",
      reason: "health gate",
    } as const;
    await reportFailed(host, slot);
    const { slot: record } = await retryHost(
      afterNextChange(zk, () => tree.addHosts("web-3")),
      SKIP,
    );
    assert.deepEqual([record.reason, (await read(zk)).view.slots.size], ["health gate", 0]);
  });
});
