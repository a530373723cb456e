import assert from "node:assert/strict";
import { abortRollout, finishWave, reportSwitch } from "../../../coordination/mod.ts";
import { current } from "../rollout/views.ts";
import { admit, read, roll, SERVICE, TestTree } from "./tree.ts";

Deno.test("abortRollout: withdraws its version, but never the one that the fleet runs by right", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1")];
    assert.ok(host);
    await roll(zk, "2");
    const slot = await admit(host, "web-1", "2");
    await reportSwitch(host, SERVICE, {
      epoch: 0,
      current: current("web-1", { version: "2" }),
      slot,
    });
    await finishWave(zk, await read(zk), { service: SERVICE, nowMs: 0 });
    for (const version of ["3", "2"]) {
      await roll(zk, version);
      await abortRollout(zk, { by: "test", nowMs: 0 });
      const { service, offer, queue } = await read(zk);
      assert.deepEqual(service?.entry.withdrawn, ["3"]);
      assert.deepEqual([offer, queue.length], [null, 0]);
    }
    await assert.rejects(() => abortRollout(zk, { by: "test", nowMs: 0 }), /none is under way/);
  });
});
