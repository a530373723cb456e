import assert from "node:assert/strict";
import { abortRollout, finishWave } from "../../../coordination/mod.ts";
import { current } from "../rollout/views.ts";
import { admit, read, reportDone, roll, SERVICE, TestTree } from "./tree.ts";

Deno.test("abortRollout: withdraws its version, but never the one that the fleet runs by right", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1")];
    assert.ok(host);
    await roll(zk, "2");
    const slot = await admit(host, "web-1", "2");
    await reportDone(host, current("web-1", { version: "2" }), slot);
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

Deno.test("abortRollout: gets a fleet out of a queue, a control entry and a record that cannot be read", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    const id = await roll(zk, "2");
    const [node = ""] = await zk.childNames("/dc/deploy");
    await zk.set(`/dc/deploy/${node}`, "garbage");
    await zk.create("/dc/deploy/zz", "not a wave at all");
    await zk.set("/dc/control", "garbage");
    await zk.set(`/dc/history/${id}`, "garbage");
    assert.equal((await abortRollout(zk, { by: "test", nowMs: 0 })).id, id);
    const { queue, view } = await read(zk);
    assert.deepEqual([queue.length, view.control?.state], [0, "running"]);
    // What is no wave keeps nobody from the next rollout.
    await roll(zk, "3");
  });
});

Deno.test("abortRollout: a service that cannot be read keeps its entry and loses its offer", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    await roll(zk, "2");
    await zk.set("/dc/services/web", "garbage");
    await abortRollout(zk, { by: "test", nowMs: 0 });
    assert.equal((await zk.get("/dc/staging/web")).data.length, 0);
    assert.equal(new TextDecoder().decode((await zk.get("/dc/services/web")).data), "garbage");
  });
});

Deno.test("abortRollout: a stranger's waves do not keep the version of the rollout from being withdrawn", async () => {
  // Regression: of two waves of a service only the last one's version was withdrawn, and the record of a rollout that the
  // first wave made up was looked for. An aborted version could spread by popularity.
  const wave = { schema: 1, rollout: "made-up", service: SERVICE, version: "9", hosts: null };
  const data = JSON.stringify(wave);
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    const id = await roll(zk, "2");
    await zk.create("/dc/deploy/web--000000001", data);
    await zk.create("/dc/deploy/web-2147480000", data);
    assert.equal((await abortRollout(zk, { by: "test", nowMs: 0 })).id, id);
    const { service, queue } = await read(zk);
    assert.ok(service?.entry.withdrawn.includes("2"), JSON.stringify(service?.entry.withdrawn));
    assert.equal(queue.length, 0);
    const { data: record } = await zk.get(`/dc/history/${id}`);
    assert.equal(JSON.parse(new TextDecoder().decode(record)).state, "aborted");
  });
});

Deno.test("abortRollout: withdraws what was on offer where the wave cannot be read", async () => {
  // Regression: nothing was withdrawn then, and hosts that came back could start the aborted version.
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    await roll(zk, "2");
    const [node = ""] = await zk.childNames("/dc/deploy");
    await zk.set(`/dc/deploy/${node}`, "garbage");
    await abortRollout(zk, { by: "test", nowMs: 0 });
    assert.deepEqual((await read(zk)).service?.entry.withdrawn, ["2"]);
  });
});
