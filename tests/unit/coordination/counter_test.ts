/** What makes a request that rests on an older reading come too late. */

import assert from "node:assert/strict";
import {
  finishWave,
  registerHost,
  removeSlot,
  reportFailure,
  setControl,
  takeSlot,
  writeHost,
} from "../../../coordination/mod.ts";
import { decideFinish, SCHEMA_VERSION, type Slot } from "../../../rollout/mod.ts";
import type { ZooKeeper } from "../../../zookeeper/mod.ts";
import { current } from "../rollout/views.ts";
import { admit, read, roll, SERVICE, TestTree } from "./tree.ts";

/** A request for a slot by a host that is down, ready to be sent; it needs no place in the queue and no budget. */
async function lateRequest(zk: ZooKeeper): Promise<() => Promise<boolean>> {
  const { view } = await read(zk);
  const slot: Slot = {
    schema: SCHEMA_VERSION,
    host: "web-1",
    from: "1",
    to: "2",
    step: "draining",
    sinceMs: 7,
    wave: view.wave?.node ?? null,
    reason: null,
  };
  return () => takeSlot(zk, { service: SERVICE, slot, view, wave: view.wave });
}

Deno.test("takeSlot: a request that was made while the host was down is refused once it serves (I1)", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1", "web-2")];
    assert.ok(host);
    await roll(zk, "2");
    await writeHost(host, SERVICE, {
      entry: current("web-1", { state: "down" }),
      saidServing: true,
    });
    const sameLife = await lateRequest(host);
    await writeHost(host, SERVICE, { entry: current("web-1"), saidServing: false });
    assert.equal(await sameLife(), false);

    await writeHost(host, SERVICE, {
      entry: current("web-1", { state: "down" }),
      saidServing: true,
    });
    const earlierLife = await lateRequest(host);
    await registerHost(tree.client(), SERVICE, current("web-1"));
    assert.equal(await earlierLife(), false);
  });
});

Deno.test("takeSlot: what a host says while it stays as it is refuses nobody", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1", "web-2")];
    assert.ok(host);
    await roll(zk, "2");
    const request = await lateRequest(host);
    await writeHost(host, SERVICE, {
      entry: current("web-1", { waitingFor: "its turn" }),
      saidServing: true,
    });
    assert.equal(await request(), true);
  });
});

Deno.test("finishWave: is refused when a host that it leaves behind is about to try again (I2)", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, failing] = [], [, other] = []] = [...await tree.addHosts("web-1", "web-2")];
    assert.ok(failing && other);
    await roll(zk, "2", { maxFailures: 1 });
    const slot: Slot = {
      ...await admit(failing, "web-1", "2"),
      reason: "health gate",
      step: "reporting",
    };
    await reportFailure(failing, SERVICE, { slot, current: current("web-1"), nowMs: 9 });
    await writeHost(other, SERVICE, {
      entry: current("web-2", { version: "2" }),
      saidServing: true,
    });
    const reading = await read(other);
    assert.equal(decideFinish(reading.view).finished, true);

    await setControl(zk, { state: "running", by: "test", reason: null, sinceMs: 0 });
    const afterResume = await read(other);
    await removeSlot(failing, SERVICE, "web-1");
    const finish = { service: SERVICE, nowMs: 9 };
    assert.equal(await finishWave(other, afterResume, finish), false);
    assert.notEqual((await read(zk)).view.wave, null);
  });
});
