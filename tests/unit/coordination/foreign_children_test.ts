/** A stranger's child below a node keeps ZooKeeper from deleting it; it must not keep a slot or a wave standing. */

import assert from "node:assert/strict";
import { abortRollout, finishWave, forgetHost, giveSlotBack } from "../../../coordination/mod.ts";
import { servicePath, slotsPath, wavePath } from "../../../rollout/mod.ts";
import { current } from "../rollout/views.ts";
import { admit, read, reportDone, roll, SERVICE, TestTree } from "./tree.ts";

Deno.test("reportSwitch, finishWave: a stranger's nodes below the slot and the wave go with them", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1")];
    assert.ok(host);
    await roll(zk, "2");
    const slot = await admit(host, "web-1", "2");
    const before = await read(zk);
    const wave = wavePath(before.view.wave?.node ?? "");
    for (const path of [slotsPath(SERVICE, "web-1"), wave]) {
      await zk.create(`${path}/a`);
      await zk.create(`${path}/a/b`);
      await zk.create(`${path}/c`);
    }
    assert.equal((await read(zk)).problems.length, 2, "each is told");
    await reportDone(host, current("web-1", { version: "2" }), slot);
    assert.equal((await read(zk)).view.slots.size, 0);
    assert.equal(await finishWave(zk, await read(zk), { service: SERVICE, nowMs: 0 }), true);
    assert.deepEqual(await zk.childNames("/dc/deploy"), []);
  });
});

Deno.test("giveSlotBack, abortRollout, forgetHost: what an operator does works in spite of them", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    await roll(zk, "2");
    const wave = wavePath((await read(zk)).view.wave?.node ?? "");
    await zk.create(slotsPath(SERVICE, "web-1"));
    await zk.create(slotsPath(SERVICE, "web-9"));
    await zk.create(servicePath(SERVICE, "web-9"));
    for (const path of [wave, slotsPath(SERVICE, "web-1"), slotsPath(SERVICE, "web-9")]) {
      await zk.create(`${path}/a`);
    }
    await zk.create(`${servicePath(SERVICE, "web-9")}/a`);
    const reading = await read(zk);
    const slot = reading.view.slots.get("web-1");
    assert.ok(slot);
    assert.equal(await giveSlotBack(zk, SERVICE, { slot, reading }), true);
    await abortRollout(zk, { by: "test", nowMs: 0 });
    assert.deepEqual(await forgetHost(zk, "web-9"), [SERVICE]);
    assert.deepEqual(await zk.childNames(slotsPath(SERVICE)), []);
    assert.deepEqual(await zk.childNames(servicePath(SERVICE)), ["web-1"]);
  });
});
