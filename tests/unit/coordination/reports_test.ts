import assert from "node:assert/strict";
import { resumeRollout } from "../../../coordination/mod.ts";
import { FAILURES, servicePath, slotsPath, stagingPath } from "../../../rollout/mod.ts";
import { current } from "../rollout/views.ts";
import { admit, read, reportDone, reportFailed, roll, TestTree, WORD } from "./tree.ts";

const FAILED = { reason: "health gate", step: "reporting" } as const;

Deno.test("reportSwitch: the entry, the queue and the slot change together, and once more changes nothing", async () => {
  await TestTree.run(async (tree, zk) => {
    const { "web-1": host } = Object.fromEntries(await tree.addHosts("web-1", "web-2"));
    assert.ok(host);
    await roll(zk, "2");
    const slot = await admit(host, "web-1", "2");
    for (let round = 0; round < 2; round++) {
      await reportDone(host, current("web-1", { version: "2" }), slot);
      const { view, stagingNodes } = await read(zk);
      assert.equal(view.current.get("web-1")?.version, "2");
      assert.deepEqual([view.slots.size, stagingNodes.length], [0, 0]);
    }
  });
});

Deno.test("reportSwitch: the record that another version failed here stays", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1", "web-2")];
    assert.ok(host);
    await roll(zk, "2", { maxFailures: 1 });
    const slot = { ...await admit(host, "web-1", "2"), ...FAILED };
    await reportFailed(host, slot);
    await reportDone(host, current("web-1"), { ...slot, to: "1" });
    assert.equal((await read(zk)).view.slots.get("web-1")?.step, "failed");
  });
});

Deno.test("reportSwitch, reportFailure: leave a slot alone that the host has been given since (I5)", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1", "web-2")];
    assert.ok(host);
    await roll(zk, "2");
    const slot = await admit(host, "web-1", "2");
    const earlier = { ...slot, sinceMs: slot.sinceMs - 1 };
    await reportDone(host, current("web-1"), earlier);
    assert.equal(await reportFailed(host, { ...earlier, ...FAILED }), false);
    const { view } = await read(zk);
    assert.deepEqual(view.slots.get("web-1"), slot);
    assert.equal(view.control?.state, "running");
  });
});

Deno.test("reportFailure: halts, and a second report of the same failure does not halt again after a resume", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1", "web-2")];
    assert.ok(host);
    await roll(zk, "2");
    const slot = { ...await admit(host, "web-1", "2"), ...FAILED };
    assert.equal(await reportFailed(host, slot), true);
    const halted = (await read(zk)).view;
    assert.match(halted.control?.reason ?? "", /web 2 failed on web-1: .* \(web-1: health gate\)/);
    assert.equal(halted.slots.get("web-1")?.controlVersion, halted.controlVersion);

    await resumeRollout(zk, WORD);
    assert.equal(await reportFailed(host, slot), false);
    assert.equal((await read(zk)).view.control?.state, "running");
  });
});

Deno.test("reportFailure: of two hosts that fail at once each counts the other (I6)", async () => {
  await TestTree.run(async (tree, zk) => {
    const hosts = await tree.addHosts("web-1", "web-2", "web-3");
    await roll(zk, "2", { maxFailures: 1, maxUnavailable: 2, maxConcurrent: 2 });
    const failures = [];
    for (const [host, client] of [...hosts].slice(0, 2)) {
      const slot = { ...await admit(client, host, "2"), ...FAILED };
      failures.push({ client, slot });
    }
    const halts = await Promise.all(
      failures.map(({ client, slot }) => reportFailed(client, slot)),
    );
    assert.deepEqual(halts.toSorted(), [false, true]);
    assert.equal((await read(zk)).view.control?.state, "halted");
  });
});

Deno.test("reportFailure: a plan counts the failures of all its services", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1", "web-2")];
    assert.ok(host);
    const rollout = await roll(zk, "2", { maxFailures: 9 }, { maxFailures: 1 });
    const slot = { ...await admit(host, "web-1", "2"), ...FAILED };
    // Another service of the rollout, on which one host has failed, and one was left out.
    const offer = {
      schema: 1,
      service: "db",
      version: "7",
      infoHash: null,
      sizeBytes: 0,
      torrentUrl: null,
      rollout,
    };
    await zk.create(servicePath("db"), "");
    await zk.create(stagingPath("db"), JSON.stringify(offer));
    await zk.create(slotsPath("db"), "");
    const record = { ...slot, host: "db-1", to: "7", step: "failed" };
    const skipped = { ...record, host: "db-2", skipped: { by: "ann", reason: null } };
    for (const one of [record, skipped]) {
      await zk.create(slotsPath("db", one.host), JSON.stringify(one));
    }
    assert.equal(await reportFailed(host, slot), true);
    const { view: { control } } = await read(zk);
    assert.match(
      control?.reason ?? "",
      /web 2 failed on web-1, and before that db on db-1: the plan allows 1/,
    );
    assert.equal((await zk.exists(FAILURES))?.version, 0);
  });
});
