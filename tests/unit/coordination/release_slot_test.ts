import assert from "node:assert/strict";
import { releaseSlot, SlotReleaseError } from "../../../coordination/mod.ts";
import { encodeEntry, slotsPath } from "../../../rollout/mod.ts";
import type { ZooKeeper } from "../../../zookeeper/mod.ts";
import { slot } from "../rollout/views.ts";
import { afterNextChange, read, SERVICE, TestTree } from "./tree.ts";

/** Puts a slot in web-1's name into the tree, held by the machine that is online under the name, or by another one. */
async function hold(zk: ZooKeeper, agent: string): Promise<void> {
  await zk.create(slotsPath(SERVICE, "web-1"), encodeEntry(slot("web-1", { agent })));
}

Deno.test("releaseSlot: frees the slot of another machine under the name of a host that is online", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    await hold(zk, "another machine");
    const before = (await read(zk)).view.slotsVersion;
    const released = await releaseSlot(zk, "web-1");
    assert.deepEqual([...released.keys()], [SERVICE]);
    const { view } = await read(zk);
    assert.equal(view.slots.size, 0);
    assert.ok(view.slotsVersion > before, "who decided before has to look again");
    await assert.rejects(
      () => releaseSlot(zk, "web-1"),
      /it holds none; rollcall hosts list shows/,
    );
  });
});

Deno.test("releaseSlot: not while the machine that holds it is online; once it is offline, the host stays on the roster", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1")];
    await hold(zk, "web-1-agent");
    await assert.rejects(() => releaseSlot(zk, "web-1"), SlotReleaseError);
    assert.equal((await releaseSlot(zk, "web-1", { force: true })).size, 1);
    await hold(zk, "web-1-agent");
    await host?.close();
    await releaseSlot(zk, "web-1");
    const { view } = await read(zk);
    assert.deepEqual([view.slots.size, view.roster], [0, ["web-1"]]);
  });
});

Deno.test("releaseSlot: what is no name is said, and no request's error", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    for (
      const [host, only, wrong] of [["..", undefined, ".."], ["web-1", ["a/b"], "a/b"]] as const
    ) {
      await assert.rejects(() => releaseSlot(zk, host, { only }), (error: unknown) => {
        assert.ok(error instanceof SlotReleaseError);
        assert.ok(error.message.endsWith(`was "${wrong}"`), error.message);
        return true;
      });
    }
  });
});

Deno.test("releaseSlot: not one that its machine has come back to at that moment", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1")];
    await hold(zk, "web-1-agent");
    await host?.close();
    const racing = afterNextChange(zk, () => tree.addHosts("web-1"));
    await assert.rejects(() => releaseSlot(racing, "web-1"), SlotReleaseError);
    assert.equal((await read(zk)).view.slots.size, 1);
  });
});
