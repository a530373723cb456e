import assert from "node:assert/strict";
import {
  bumpCounter,
  finishWave,
  reportFailure,
  reportSwitch,
  setControl,
  takeSlot,
  writeSlot,
} from "../../../coordination/mod.ts";
import { decideFinish } from "../../../rollout/mod.ts";
import type { ZooKeeper } from "../../../zookeeper/mod.ts";
import { current } from "../rollout/views.ts";
import { admit, read, roll, SERVICE, TestTree } from "./tree.ts";

const FAILED = { reason: "health gate", step: "reporting" } as const;

Deno.test("reportSwitch: the entry, the queue and the slot change together, and once more changes nothing", async () => {
  await TestTree.run(async (tree, zk) => {
    const { "web-1": host } = Object.fromEntries(await tree.addHosts("web-1", "web-2"));
    assert.ok(host);
    await roll(zk, "2");
    const slot = await admit(host, "web-1", "2");
    const done = { current: current("web-1", { version: "2" }), slot };
    for (let round = 0; round < 2; round++) {
      await reportSwitch(host, SERVICE, done);
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
    await reportFailure(host, SERVICE, { slot, current: current("web-1"), nowMs: 9 });
    await reportSwitch(host, SERVICE, { current: current("web-1"), slot: { ...slot, to: "1" } });
    assert.equal((await read(zk)).view.slots.get("web-1")?.step, "failed");
  });
});

Deno.test("reportFailure: halts, and a second report of the same failure does not halt again after a resume", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1", "web-2")];
    assert.ok(host);
    await roll(zk, "2");
    const slot = { ...await admit(host, "web-1", "2"), ...FAILED };
    const failure = { slot, current: current("web-1"), nowMs: 9 };
    assert.equal(await reportFailure(host, SERVICE, failure), true);
    const halted = (await read(zk)).view;
    assert.match(halted.control?.reason ?? "", /web 2 failed on web-1: .* \(web-1: health gate\)/);
    assert.equal(halted.slots.get("web-1")?.controlVersion, halted.controlVersion);

    await setControl(zk, { state: "running", by: "test", reason: null, sinceMs: 0 });
    assert.equal(await reportFailure(host, SERVICE, failure), false);
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
      failures.push({ client, failure: { slot, current: current(host), nowMs: 9 } });
    }
    const halts = await Promise.all(
      failures.map(({ client, failure }) => reportFailure(client, SERVICE, failure)),
    );
    assert.deepEqual(halts.toSorted(), [false, true]);
    assert.equal((await read(zk)).view.control?.state, "halted");
  });
});

Deno.test("finishWave: not on a reading from before a halt", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1")];
    assert.ok(host);
    await roll(zk, "2");
    const slot = await admit(host, "web-1", "2");
    await reportSwitch(host, SERVICE, { current: current("web-1", { version: "2" }), slot });
    const before = await read(zk);
    assert.equal(decideFinish(before.view).finished, true);
    await setControl(zk, { state: "halted", by: "test", reason: null, sinceMs: 0 });
    assert.equal(await finishWave(zk, before, { service: SERVICE, nowMs: 0 }), false);
    await setControl(zk, { state: "running", by: "test", reason: null, sinceMs: 0 });
    const finish = { service: SERVICE, nowMs: 0 };
    assert.equal(await finishWave(zk, await read(zk), finish), true);
    const { service, queue } = await read(zk);
    assert.deepEqual([service?.entry.committed?.version, queue.length], ["2", 0]);
  });
});

Deno.test("reportSwitch, reportFailure, writeSlot: leave a slot alone that the host has been given since (I5)", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1", "web-2")];
    assert.ok(host);
    await roll(zk, "2");
    const slot = await admit(host, "web-1", "2");
    const earlier = { ...slot, sinceMs: slot.sinceMs - 1 };
    await reportSwitch(host, SERVICE, { current: current("web-1"), slot: earlier });
    const failure = { slot: { ...earlier, ...FAILED }, current: current("web-1"), nowMs: 9 };
    assert.equal(await reportFailure(host, SERVICE, failure), false);
    await writeSlot(host, SERVICE, { ...earlier, step: "rolling_back" });
    const { view } = await read(zk);
    assert.deepEqual(view.slots.get("web-1"), slot);
    assert.equal(view.control?.state, "running");
    await writeSlot(host, SERVICE, { ...slot, step: "stopping" });
    assert.equal((await read(zk)).view.slots.get("web-1")?.step, "stopping");
  });
});

/** A client that does something else before each `multi` that it sends, as often as that. */
function disturbed(zk: ZooKeeper, work: () => Promise<unknown>, times = 1): ZooKeeper {
  let left = times;
  return new Proxy(zk, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      if (name !== "multi") return value.bind(target);
      return async (...args: Parameters<ZooKeeper["multi"]>) => {
        if (left-- > 0) await work();
        return await target.multi(...args);
      };
    },
  });
}

Deno.test("writeSlot: a request on its way when the host gets its next slot does not appear in that one (I5)", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1", "web-2")];
    assert.ok(host);
    await roll(zk, "2");
    const slot = await admit(host, "web-1", "2");
    const next = { ...slot, sinceMs: slot.sinceMs + 1 };
    const late = disturbed(host, async () => {
      await reportSwitch(host, SERVICE, { current: current("web-1", { version: "2" }), slot });
      const { view } = await read(host);
      // Its znode's version is 0 again, which is what the request was made at.
      assert.equal(await takeSlot(host, { service: SERVICE, slot: next, view, wave: null }), true);
    });
    await writeSlot(late, SERVICE, { ...slot, step: "rolling_back" });
    assert.deepEqual((await read(zk)).view.slots.get("web-1"), next);
  });
});

Deno.test("writeSlot: another host's admission in between only delays the step, and not for ever", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1", "web-2")];
    assert.ok(host);
    await roll(zk, "2");
    const slot = { ...await admit(host, "web-1", "2"), step: "stopping" } as const;
    const bump = () => zk.multi([bumpCounter(SERVICE)]);
    const stepNow = async () => (await read(zk)).view.slots.get("web-1")?.step;
    await writeSlot(disturbed(host, bump, Infinity), SERVICE, slot);
    assert.equal(await stepNow(), "draining", "shown late; the journal is what counts");
    await writeSlot(disturbed(host, bump, 2), SERVICE, slot);
    assert.equal(await stepNow(), "stopping");
  });
});
