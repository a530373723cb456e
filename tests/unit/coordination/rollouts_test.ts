import assert from "node:assert/strict";
import {
  abortRollout,
  createRolloutId,
  finishWave,
  joinStaging,
  reportSwitch,
} from "../../../coordination/mod.ts";
import { stagingPath } from "../../../rollout/mod.ts";
import { current } from "../rollout/views.ts";
import { admit, read, roll, SERVICE, TestTree } from "./tree.ts";

Deno.test("startRollout: refuses while another one is under way", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    const id = await roll(zk, "2");
    await assert.rejects(() => roll(zk, "3"), new RegExp(`${id} is under way`));
  });
});

Deno.test("abortRollout: withdraws its version, but never the one that the fleet runs by right", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1")];
    assert.ok(host);
    await roll(zk, "2");
    const slot = await admit(host, "web-1", "2");
    await reportSwitch(host, SERVICE, { current: current("web-1", { version: "2" }), slot });
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

Deno.test("createRolloutId: sorts by time, to the millisecond", () => {
  const ids = [999, 1_000, 1_001].map((nowMs) => createRolloutId(nowMs, () => 0.5));
  assert.deepEqual(ids.toSorted(), ids);
  assert.equal(new Set(ids).size, 3);
});

Deno.test("joinStaging: leaves one entry of this session, whatever stood there", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1")];
    assert.ok(host);
    await joinStaging(zk, SERVICE, { host: "web-1", version: "2" });
    const mine = await joinStaging(host, SERVICE, { host: "web-1", version: "2" });
    assert.equal(await joinStaging(host, SERVICE, { host: "web-1", version: "2" }), mine);
    assert.deepEqual((await read(zk)).stagingNodes.map(({ node }) => node), [mine]);
    const stat = await zk.exists(stagingPath(SERVICE, mine));
    assert.equal(stat?.ephemeralOwner, host.sessionId);
  });
});
